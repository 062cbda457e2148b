"""Servers that stand in for outside services at the wire, each in a process of its own."""
