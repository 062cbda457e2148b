"""The whole platform under load, cut off, refused: a real web process and a fake provider, each on its own."""
