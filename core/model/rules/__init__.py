"""What the kinds check and default beyond their types: pure functions on wire values, by group like the classes."""
