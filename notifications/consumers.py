"""Consumer of facts that tells people of them (config/consumers.py)."""

from accounts.access import MANAGERS, TEAM
from accounts.models import Role, User
from events.catalogue import (
    ConversationShared,
    ItemDeleted,
    ItemPublished,
    MemberJoined,
    QuotaReached,
    WorkspaceStateChanged,
)
from events.types import Event
from notifications.services import forget_subject, notify


def notify_people(event: Event) -> None:
    """Notify whom a fact concerns, in the workspace's context."""
    fact = event.fact
    actor = User.objects.filter(pk=fact.actor_id).first() if fact.actor_id else None
    match fact:
        case ItemPublished(published=True):
            _notify_all(TEAM, "item_published", subject_id=fact.subject_id, actor=actor)
        case ItemPublished() | ItemDeleted():
            forget_subject(fact.subject_id, ["item_published"])
        case ConversationShared(shared=True):
            _notify_all(TEAM, "conversation_shared", subject_id=fact.subject_id, actor=actor)
        case ConversationShared():
            forget_subject(fact.subject_id, ["conversation_shared"])
        case MemberJoined():
            joined = User.objects.filter(pk=fact.subject_id).first()
            _notify_all(MANAGERS, "member_joined", actor=joined)
        case QuotaReached():
            group = f"quota:{fact.meter}"
            _notify_all(MANAGERS, "quota_reached", group=group, meter=str(fact.meter), percent=fact.percent)
        case WorkspaceStateChanged():
            _notify_all({Role.OWNER}, "state_changed", after=fact.after.value)


def _notify_all(roles: "frozenset[str] | set[Role]", kind: str, **details: object) -> None:
    for person in User.objects.filter(role__in=roles, is_active=True).order_by("pk").iterator():
        notify(person, kind, **details)  # type: ignore[arg-type]
