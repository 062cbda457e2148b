"""Consumers of tests: they keep what they were given, write where they are told, fail when they should."""

from accounts.models import User
from analytics.models import ActiveMember
from events.types import Event
from tenants.context import TenantRef, current
from tenants.ids import new_id
from tenants.queue import JobTimeout

given: list[tuple[str, Event]] = []
# What `fails` raises, until it is emptied.
errors: list[BaseException] = []


def take(event: Event) -> None:
    context = current()
    given.append((context.slug if isinstance(context, TenantRef) else "public", event))


def writes(event: Event) -> None:
    """An effect in public: a row for each time."""
    ActiveMember.objects.create(tenant_id=event.tenant_id, day=event.at.date(), member_id=new_id())


def renames(event: Event) -> None:
    """An effect in the workspace's own schema."""
    User.objects.filter(pk=event.fact.subject_id).update(name=f"told {event.fact.NAME}")


def fails(event: Event) -> None:
    writes(event)
    if errors:
        raise errors[0]
    given.append(("fails", event))


def runs_out_of_time(event: Event) -> None:
    writes(event)
    raise JobTimeout("too long")


def two_arguments(event: Event, other: object) -> None:
    """No consumer: it takes too much."""
