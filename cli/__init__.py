"""The click command line: `sampan up` and kubectl's verbs for those without kubectl."""
