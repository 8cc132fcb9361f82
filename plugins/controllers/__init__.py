"""The built-in controllers: pure decisions, run by `sampan.core.reconcile.engine`."""
