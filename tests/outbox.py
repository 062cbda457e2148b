"""The outbox in tests: what a worker does after a commit, done at once."""

from events.jobs import drain
from events.models import StoredFact
from tenants.context import public_context


def drained() -> int:
    """Give every fact of the test to its consumers; how many were delivered."""
    with public_context():
        return drain()


def facts_of(subject_id: object) -> list[str]:
    """Names of the facts about a row, oldest first."""
    return list(StoredFact.objects.filter(subject_id=subject_id).order_by("id").values_list("name", flat=True))
