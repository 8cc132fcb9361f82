"""The node itself: what this machine is and has, what its agent is told, and the Node object made of both."""
