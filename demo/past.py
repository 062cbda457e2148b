"""Rows as they would have been written at a moment of the past."""

import datetime as dt
import secrets
from collections.abc import Iterable
from uuid import UUID

from django.db import models, router

BATCH = 500


def id_at(moment: dt.datetime) -> UUID:
    """A UUIDv7 (RFC 9562) of a moment: keys sort by time, as those made then do."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62))


def insert(rows: Iterable[models.Model]) -> None:
    """Insert rows of one model as they are, as fixtures are: dates that a save would set to now stay what they say."""
    found = list(rows)
    if not found:
        return
    model = type(found[0])
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    for start in range(0, len(found), BATCH):
        model._base_manager.get_queryset()._insert(  # type: ignore[attr-defined]
            found[start : start + BATCH], fields=fields, using=router.db_for_write(model), raw=True
        )
