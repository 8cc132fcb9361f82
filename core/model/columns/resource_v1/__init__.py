"""The columns of the kinds of ``resource/v1``."""
