"""Kubernetes' protobuf encoding, for requests only: typed Go clients (kubectl create among them) send nothing else."""
