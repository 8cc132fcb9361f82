"""Which pods are behind a Service: as Endpoints, and as EndpointSlices. Pure."""
