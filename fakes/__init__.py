"""Fake servers of outside services, with the same wire protocol, for tests, benches and the embedded run only."""
