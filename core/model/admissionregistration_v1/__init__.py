"""``admissionregistration.k8s.io/v1``: webhooks and policies that have a say in every write."""
