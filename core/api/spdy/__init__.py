"""SPDY/3.1 framing, as far as Kubernetes speaks it: inside a WebSocket, for port-forward. Bytes and frames, no sockets.

https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/. Read `frames` first, then `codec`. Written here because
PyPI has no maintained SPDY: the projects there ended in 2012 and 2021.
"""
