"""Insertion of rows with ids and dates in the past."""

import datetime as dt
import secrets
from collections.abc import Iterable
from uuid import UUID

from django.db import models, router

BATCH = 500


def id_at(moment: dt.datetime) -> UUID:
    """A UUIDv7 (RFC 9562) with the timestamp of a moment, so that ids sort by time."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62))


def insert(rows: Iterable[models.Model]) -> None:
    """Insert rows of one model in raw mode, like fixtures, which keeps the dates of `auto_now` fields."""
    instances = list(rows)
    if not instances:
        return
    model = type(instances[0])
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    for start in range(0, len(instances), BATCH):
        model._base_manager.get_queryset()._insert(  # type: ignore[attr-defined]
            instances[start : start + BATCH], fields=fields, using=router.db_for_write(model), raw=True
        )
