"""The API server as a way to pods, services and nodes, for `sampan.core.api.subresources.proxy`."""
