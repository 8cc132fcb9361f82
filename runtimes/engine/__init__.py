"""What Docker and Podman have in common as runtimes. What differs is in `sampan.runtimes.docker` and `.podman`."""
