"""The API server: requests → authentication → authorization → admission → store, over TLS and in-process."""
