"""What becomes of CustomResourceDefinitions: their names, and their end."""
