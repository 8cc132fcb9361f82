"""Scheduling as a controller: what is known of nodes and pods, who waits for which change, and what a verdict leads to."""
