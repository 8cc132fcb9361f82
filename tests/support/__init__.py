"""What whole-cluster stories and documentation tests share: clusters, kubectl, images, manifests, waiting."""
