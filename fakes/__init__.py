"""Servers that speak like outside services at the wire: for tests, benches and the embedded run alone."""
