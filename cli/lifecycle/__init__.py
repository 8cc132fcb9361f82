"""Commands about a cluster as a whole: up, stop, down, status, images, plugins."""
