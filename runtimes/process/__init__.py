"""The process runtime: pods as Linux processes, with as much isolation as the kernel allows and no engine."""
