"""Nodes that come and go, and the pods on those that have gone. Pure, but for one clock note in `pod_gc`."""
