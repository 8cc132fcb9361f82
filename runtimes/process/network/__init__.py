"""Addresses for pods: `pod_network` joins the rest; `cidr` and `ipam` say which, `firewall` lets them call the outside."""
