"""What is decided about a pod: pure functions of a `PodView` and the time, and the data they exchange.

They import nothing that acts; a contract of import-linter holds them to that. `plan.py` is where to start.
"""
