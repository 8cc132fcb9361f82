"""The reconcile engine: informers, keyed queues, and the runner that carries plans out."""
