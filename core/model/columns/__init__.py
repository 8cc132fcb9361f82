"""What ``kubectl get`` prints of each kind: cells as pure functions of the wire object and now, by group."""
