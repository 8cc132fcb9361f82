"""How every component talks to the API: one protocol, two transports. See `sampan.core.client.protocol`."""
