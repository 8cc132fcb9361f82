"""Storage drivers by name: which pods' volumes they serve, how, and what is left to undo after a crash."""
