"""Members and invitations as managers see them."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import Http404

from accounts.access import TEAM
from accounts.models import Role, User
from conversations import selectors as conversations
from library import selectors as library
from tenants.context import current_tenant
from usage import selectors as usage
from usage.types import Gauge
from workspace.members.types import Contents
from workspace.models import Invitation

# Roles that a role may give, change and take away. Nobody changes their own.
GIVEN_BY: Final[dict[str, tuple[str, ...]]] = {
    Role.OWNER: (Role.OWNER, Role.ADMIN, Role.INSTRUCTOR, Role.MEMBER, Role.LEARNER, Role.PROMOTER),
    Role.ADMIN: (Role.ADMIN, Role.INSTRUCTOR, Role.MEMBER, Role.LEARNER, Role.PROMOTER),
}
ORDER: Final = (Role.OWNER, Role.ADMIN, Role.INSTRUCTOR, Role.MEMBER, Role.LEARNER, Role.PROMOTER)


@dataclass(frozen=True)
class Filters:
    query: str = ""
    role: str = ""
    state: str = ""


def roles_given_by(actor: User) -> dict[str, str]:
    """Role -> label of the roles that a person may give."""
    return {role: str(Role(role).label) for role in GIVEN_BY.get(actor.role, ())}


def may_manage(actor: User, member: User) -> bool:
    """Whether a person may change, deactivate or remove another."""
    return actor.pk != member.pk and member.role in GIVEN_BY.get(actor.role, ())


def member_list(filters: Filters) -> QuerySet[User]:
    """Members that match, by role, then by name."""
    rank = Case(*(When(role=role, then=Value(rank)) for rank, role in enumerate(ORDER)), output_field=IntegerField())
    rows = User.objects.exclude(role=Role.OPERATOR).annotate(rank=rank)
    if filters.role:
        rows = rows.filter(role=filters.role)
    if filters.state:
        rows = rows.filter(is_active=filters.state == "active")
    return rows.filter(matches(filters.query)).order_by("rank", "name", "email")


def matches(query: str) -> Q:
    """Of people and of invitations: each word is in the name or the address. A wildcard is a character like another."""
    condition = Q()
    for word in query.split()[:10]:
        condition &= Q(name__icontains=word) | Q(email__icontains=word)
    return condition


def invitation_list(query: str = "") -> QuerySet[Invitation]:
    """Invitations that wait for an answer, and expired ones that were not swept yet, newest first."""
    rows = Invitation.objects.filter(accepted_at=None, ended_at=None).select_related("invited_by")
    return rows.filter(matches(query)).order_by("-sent_at", "-pk")


def access_member(member_id: UUID) -> User:
    """A member of the workspace in context. Raises Http404."""
    member = User.objects.exclude(role=Role.OPERATOR).filter(pk=member_id).first()
    if member is None:
        raise Http404
    return member


def access_invitation(invitation_id: UUID) -> Invitation:
    """An invitation that waits for an answer. Raises Http404."""
    invitation = invitation_list().filter(pk=invitation_id).first()
    if invitation is None:
        raise Http404
    return invitation


def heirs(member: User) -> QuerySet[User]:
    """Who may get the contents of a member who is removed: active people of the team."""
    return User.objects.filter(role__in=TEAM, is_active=True).exclude(pk=member.pk).order_by("name", "email")


def contents_of(member: User) -> Contents:
    """How many conversations and contents are a member's."""
    return Contents(conversations.count_of(member), library.count_of(member))


def seats() -> Gauge:
    """Seats taken and their limit."""
    (gauge,) = usage.gauges(current_tenant(), ["seats"])
    return gauge


def known_addresses(emails: list[str]) -> dict[str, Any]:
    """address -> the member (User) or the invitation (Invitation) that has it already."""
    known: dict[str, Any] = {
        row.email.lower(): row for row in invitation_list().filter(email__in=emails).order_by("pk")
    }
    return known | {row.email.lower(): row for row in User.objects.filter(email__in=emails)}
