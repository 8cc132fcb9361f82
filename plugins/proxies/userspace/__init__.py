"""The service proxy that works everywhere: listeners on service addresses, connections carried over by an event loop."""
