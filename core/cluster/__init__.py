"""One process's part of a cluster: chosen, wired and started in order, and taken down again.

Nothing is imported here: what takes a cluster down needs no API server.
"""
