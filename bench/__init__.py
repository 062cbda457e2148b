"""Benchmarks. README.md explains the figures."""
