"""Whole-cluster stories: real kubectl against a real `sampan up`, on the runtime that ``--runtime`` names."""
