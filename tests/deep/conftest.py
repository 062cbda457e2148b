"""Deep tests use the platform of tests/live: its fake provider and throw-away workspaces."""

from tests.live.conftest import llm, workspace

__all__ = ["llm", "workspace"]
