"""Groups and who is in them."""

from uuid import UUID

from django.db.models import Count, QuerySet
from django.http import Http404

from accounts.models import Role, User
from workspace.groups.models import MemberGroup, Membership
from workspace.members.selectors import matches


def group_list() -> QuerySet[MemberGroup]:
    """The groups by name, annotated with `size`."""
    return MemberGroup.objects.annotate(size=Count("memberships")).order_by("name")


def access_group(group_id: UUID) -> MemberGroup:
    """A group of the workspace in context. Raises Http404."""
    group = MemberGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise Http404
    return group


def people_in(group: MemberGroup, query: str = "") -> QuerySet[User]:
    """The people of a group who match, by name."""
    keys = Membership.objects.filter(group=group).values("person")
    return User.objects.filter(matches(query), pk__in=keys).order_by("name", "email")


def people_outside(group: MemberGroup, query: str = "") -> QuerySet[User]:
    """Active people of the workspace who match and are not in the group, by name."""
    keys = Membership.objects.filter(group=group).values("person")
    rows = User.objects.filter(matches(query), is_active=True).exclude(role=Role.OPERATOR)
    return rows.exclude(pk__in=keys).order_by("name", "email")
