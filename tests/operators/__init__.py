"""Operators as their authors write them, against a control plane."""
