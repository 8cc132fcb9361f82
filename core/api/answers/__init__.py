"""What is answered to objects that are only posted: one module per kind, as their classes name them."""
