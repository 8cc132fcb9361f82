"""Runtimes: what runs a pod. Each is a plugin behind `sampan.core.contracts.runtime.Runtime`."""
