"""Controllers of the core group: what watches namespaces, nodes, Services and plain replicas."""
