"""The HTTP service: the tracker behind addresses, for tools and people."""
