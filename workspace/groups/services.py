"""Creating, renaming and deleting groups; who is in them."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Role, User
from tenants.services import require_writable
from workspace.groups.models import MemberGroup, Membership

MAX_GROUPS: Final = 200


class GroupRefused(Exception):
    """Raised for a group that cannot be made or named so. The message is shown to the person."""


def group_create(*, name: str, actor: User) -> MemberGroup:
    """Create an empty group. Raises `GroupRefused` or `ReadOnlyWorkspace`; then nothing is changed."""
    require_writable()
    if MemberGroup.objects.count() >= MAX_GROUPS:
        raise GroupRefused(_("Un espace a %(most)s groupes au plus.") % {"most": MAX_GROUPS})
    try:
        with transaction.atomic():
            group = MemberGroup.objects.create(name=name)
            audit.record("group.created", actor=actor, target=name)
    except IntegrityError as error:
        raise _name_taken() from error
    return group


def group_rename(*, group: MemberGroup, name: str, actor: User) -> None:
    """Rename a group. Raises like `group_create`."""
    require_writable()
    before = group.name
    try:
        with transaction.atomic():
            if MemberGroup.objects.filter(pk=group.pk).exclude(name=name).update(name=name):
                audit.record("group.renamed", actor=actor, target=name, before=before, after=name)
    except IntegrityError as error:
        raise _name_taken() from error
    group.name = name


def _name_taken() -> GroupRefused:
    return GroupRefused(_("Un groupe porte déjà ce nom."))


def group_delete(*, group: MemberGroup, actor: User) -> None:
    """Delete a group. Its members stay in the workspace. Raises `ReadOnlyWorkspace`."""
    with transaction.atomic():
        require_writable()
        deleted, _rows = MemberGroup.objects.filter(pk=group.pk).delete()
        if deleted:
            audit.record("group.deleted", actor=actor, target=group.name)


def people_add(*, group: MemberGroup, keys: Iterable[UUID], actor: User) -> int:
    """Add active members. Keys of nobody, and of those who are in it, are left out. Returns how many were added."""
    with transaction.atomic():
        require_writable()
        # Two requests that add the same person wait for each other.
        MemberGroup.objects.select_for_update().get(pk=group.pk)
        present = Membership.objects.filter(group=group).values("person")
        people = User.objects.filter(pk__in=list(keys), is_active=True).exclude(role=Role.OPERATOR)
        rows = [Membership(group=group, person=person) for person in people.exclude(pk__in=present)]
        Membership.objects.bulk_create(rows)
        if rows:
            audit.record("group.people_added", actor=actor, target=group.name, quantity=len(rows))
    return len(rows)


def people_remove(*, group: MemberGroup, keys: Iterable[UUID], actor: User) -> int:
    """Take people out of a group. Returns how many were in it."""
    with transaction.atomic():
        require_writable()
        removed, _rows = Membership.objects.filter(group=group, person__in=list(keys)).delete()
        if removed:
            audit.record("group.people_removed", actor=actor, target=group.name, quantity=removed)
    return removed
