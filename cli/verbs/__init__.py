"""kubectl's verbs, one module per verb family, each imported when its command is called."""
