"""What the acts' background jobs do, and what they saw."""

from accounts.models import User
from tests.isolation.interleaving import visit as present
from tests.isolation.interleaving.visit import name, raw_name

WRONG: list[str] = []


def note(*, mark: str, key: str) -> None:
    """Look around, and write a row. `mark` is of the workspace it was asked for in."""
    found = {raw_name(), name()}
    if found != {mark}:
        WRONG.append(f"a job read {sorted(found)} for {mark}")
    User.objects.create(email=f"{present.RUN}.job.{key}@rows.test", name=mark)
