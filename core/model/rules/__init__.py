"""What the kinds check and default beyond their types, one module per topic. Pure functions on wire values."""
