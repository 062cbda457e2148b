"""What the operator gives, in the workspace under test: as in tests/plans."""

from tests.plans.conftest import give, grant, no_files_left, upload

__all__ = ["give", "grant", "no_files_left", "upload"]
