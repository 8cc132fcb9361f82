"""Benchmarks: ratios against a floor measured in the same run. `python -m benchmarks` prints a report; none is a test."""
