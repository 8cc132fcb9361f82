"""Addresses for pods: `pod_network` joins the rest; `cidr` and `ipam` say which, `links` and `firewall` change the host."""
