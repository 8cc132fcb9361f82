"""Rules of the kinds of ``storage/v1``."""
