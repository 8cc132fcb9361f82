"""The contracts between the core and its plugins: protocols and plain data, shaped after the standards their authors know.

Nothing here runs. Each protocol has a suite in `sampan.core.testing` that an implementation's tests subclass.
"""
