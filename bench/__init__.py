"""Measures of what Ruche promises. README.md says how to read them."""
