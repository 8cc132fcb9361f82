"""Volume drivers: each makes one kind of volume of a pod be there. Plugins behind `sampan.core.contracts.volume`."""
