"""What lies below an object's own path: ``status``, ``scale``, ``log``, ``exec`` and so on, one module each."""
