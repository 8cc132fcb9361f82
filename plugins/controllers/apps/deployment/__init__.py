"""The Deployment controller: which ReplicaSets there should be, of which size, and what the status says. Pure."""
