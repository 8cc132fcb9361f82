"""The service proxy in the kernel: one nftables table of the cluster's own, changed by what differs."""
