"""What plugin authors import for their tests: contract suites, fakes that hold state, fixtures.

Loaded by pytest before it rewrites assertions, as a plugin of its is in here; hence: PYTEST_DONT_REWRITE.
"""
