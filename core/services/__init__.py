"""What a Service means on the wire: the table that a proxy serves, and what keeps the proxy in step with it."""
