"""From a pod's spec to the settings that a runtime takes. Start with `container_config.py`."""
