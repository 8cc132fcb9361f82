"""What `sampan describe` says about an object, one module per kind that has words of its own."""
