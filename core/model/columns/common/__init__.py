"""Columns that kinds of several groups share."""
