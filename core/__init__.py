"""The object model, the API server, the reconcile engine and the node agent. Read `README.md` beside this file first."""
