"""Small complete plugins, one of each sort: what `sampan plugins new` writes, with ``ferry`` as the name to be replaced.

They are ordinary modules, so they are checked, run and tested like the rest. ``SORT.py`` is the plugin, ``tests/SORT.py``
its test.
"""
