"""A person's own profile: name, language, time zone, picture. Password and address have pages of allauth."""

import zoneinfo
from datetime import timedelta
from functools import cache
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from tenants.services import require_writable
from ui.lines import refuse_control_characters

# Regions of IANA's database; the rest are former names and offsets without a place.
_REGIONS: Final = (
    "Africa",
    "America",
    "Antarctica",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@cache
def time_zones() -> dict[str, list[str]]:
    """Names of time zones by region, sorted."""
    names = sorted(zoneinfo.available_timezones())
    return {region: [name for name in names if name.startswith(f"{region}/")] for region in _REGIONS}


def known_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The time zone of a name; None for a blank one, or one that this machine does not know."""
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


VISITS_NOTED_EVERY: Final = timedelta(minutes=5)


def note_visit(user: User) -> None:
    """Note that a person is here, at most every `VISITS_NOTED_EVERY`: most requests write nothing."""
    now = timezone.now()
    if user.last_seen_at is None or now - user.last_seen_at > VISITS_NOTED_EVERY:
        User.objects.filter(pk=user.pk).update(last_seen_at=now)


def profile_change(*, user: User, name: str, language: str, time_zone: str) -> None:
    """Change a person's name, language and time zone; blank: the workspace's, the platform's.

    Raises `ValidationError` or `ReadOnlyWorkspace`; then nothing is changed.
    """
    refuse_control_characters(name)
    require_writable()
    after = {"name": name.strip(), "language": language, "time_zone": time_zone}
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        changed = sorted(field for field, value in after.items() if getattr(row, field) != value)
        if changed:
            User.objects.filter(pk=user.pk).update(**{field: after[field] for field in changed})
            audit.record("user.profile_changed", actor=user, target=user.email, fields=", ".join(changed))
    for field in changed:
        setattr(user, field, after[field])
