"""What the API does with objects, for both transports: read, create, update, patch, delete. Wire values in and out."""
