"""The image store of the process runtime: archives unpacked into content-addressed layers, shared by a machine's nodes."""
