"""The node agent: the kubelet's part. Pods bound to this node are made to run, and their status is told to the API."""
