"""What managers do with members: roles, access, removal, ownership. Nobody acts on themselves, but to hand over.

An owner is changed by another owner only, whose row is locked and read again: one owner is always left.
"""

from collections.abc import Callable, Iterable
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _

from accounts import audit, recheck
from accounts.access import TEAM
from accounts.models import Role, User
from conversations import services as conversations
from events.catalogue import MemberRemoved, MemberRoleChanged, MemberStateChanged
from events.catalogue import Role as FactRole
from events.services import record
from library import services as library
from tenants.context import current_tenant
from tenants.services import require_writable
from workspace.members import selectors
from workspace.members.types import MemberRefused, Outcome
from workspace.seats import seat_release, seat_take


def _lock(member_id: UUID, actor: User) -> tuple[User, User]:
    """(the member, the actor), read again with their rows locked, and those of all owners.

    Raises `Http404`, `MemberRefused` where the actor may not manage the member, and `ReadOnlyWorkspace`.
    """
    require_writable()
    wanted = Q(pk__in=(member_id, actor.pk)) | Q(role=Role.OWNER)
    rows = {row.pk: row for row in User.objects.select_for_update().filter(wanted).order_by("pk")}
    if member_id not in rows:
        raise Http404
    member, manager = rows[member_id], rows.get(actor.pk)
    if manager is None or not manager.is_active or not selectors.may_manage(manager, member):
        raise MemberRefused(_own_or_above(member, actor))
    return member, manager


def _own_or_above(member: User, actor: User) -> str:
    if member.pk == actor.pk:
        return _("On ne peut pas agir sur son propre accès : demandez-le à un autre responsable.")
    return _("Seul un propriétaire peut agir sur un propriétaire.")


def _rights_changed() -> None:
    """Make open streams of the workspace check their rights again."""
    transaction.on_commit(partial(recheck.publish_change, current_tenant().id))


def member_set_role(*, member_id: UUID, role: str, actor: User) -> User:
    """Give a member another role. Raises `MemberRefused`, `Http404` or `ReadOnlyWorkspace`; then nothing is changed."""
    with transaction.atomic():
        member, manager = _lock(member_id, actor)
        if role not in selectors.GIVEN_BY.get(manager.role, ()):
            raise MemberRefused(_("Vous ne pouvez pas donner ce rôle."))
        _change_role(member, role, manager)
    return member


def _change_role(member: User, role: str, actor: User) -> None:
    """In a transaction, with the member locked. Counts the seat that the role needs or no longer needs."""
    before = member.role
    if before == role:
        return
    if member.is_active and (role in TEAM) != (before in TEAM):
        seat_take(role)
        seat_release(before)
    member.role = role
    member.save(update_fields=["role"])
    audit.record("member.role_changed", actor=actor, target=member.email, before=before, after=role)
    record(MemberRoleChanged(subject_id=member.pk, actor_id=actor.pk, before=FactRole(before), after=FactRole(role)))
    _rights_changed()


def member_set_active(*, member_id: UUID, active: bool, actor: User) -> User:
    """Deactivate a member, whose sessions then end at the next request, or bring them back.

    Raises `MemberRefused`, `Http404` or `ReadOnlyWorkspace`; then nothing is changed.
    """
    with transaction.atomic():
        member, manager = _lock(member_id, actor)
        if member.is_active == active:
            return member
        if active:
            seat_take(member.role)
        else:
            seat_release(member.role)
        member.is_active = active
        member.save(update_fields=["is_active"])
        action = "member.reactivated" if active else "member.deactivated"
        audit.record(action, actor=manager, target=member.email, role=member.role)
        record(MemberStateChanged(subject_id=member.pk, actor_id=manager.pk, active=active))
        _rights_changed()
    return member


def member_remove(*, member_id: UUID, heir_id: UUID, actor: User) -> str:
    """Delete a member's account; their conversations and contents become the heir's. Returns the member's label.

    Raises `MemberRefused`, `Http404` or `ReadOnlyWorkspace`; then nothing is changed.
    """
    with transaction.atomic():
        member, manager = _lock(member_id, actor)
        heir = selectors.heirs(member).select_for_update().filter(pk=heir_id).first()
        if heir is None:
            raise MemberRefused(_("Choisissez une personne active de l’équipe, qui recevra ses contenus."))
        label = str(member)
        conversation_count = conversations.reassign(author=member, heir=heir)
        item_count = library.reassign(author=member, heir=heir)
        if member.is_active:
            seat_release(member.role)
        audit.record(
            "member.removed",
            actor=manager,
            target=member.email,
            role=member.role,
            heir=heir.email,
            conversations=conversation_count,
            items=item_count,
        )
        record(MemberRemoved(subject_id=member.pk, actor_id=manager.pk, role=FactRole(member.role)))
        member.delete()
        _rights_changed()
    return label


def ownership_hand_over(*, member_id: UUID, password: str, actor: User) -> User:
    """Make a member the owner; the actor becomes an admin. The actor's password confirms it.

    Raises `MemberRefused`, `Http404` or `ReadOnlyWorkspace`; then nothing is changed.
    """
    if not actor.check_password(password):
        raise MemberRefused(_("Ce mot de passe n’est pas le vôtre."))
    with transaction.atomic():
        member, manager = _lock(member_id, actor)
        if manager.role != Role.OWNER:
            raise MemberRefused(_("Seul un propriétaire peut transmettre l’espace."))
        if not member.is_active or member.role not in TEAM:
            raise MemberRefused(_("L’espace se transmet à une personne active de l’équipe."))
        _change_role(member, Role.OWNER, manager)
        _change_role(manager, Role.ADMIN, manager)
        audit.record("ownership.handed_over", actor=manager, target=member.email)
    return member


def for_each(keys: Iterable[UUID], act: Callable[[UUID], object]) -> Outcome:
    """Do an act on each member or invitation, in a transaction each; the refused ones with the reason."""
    outcome = Outcome()
    for key in keys:
        try:
            done = act(key)
        except MemberRefused as error:
            member = User.objects.filter(pk=key).first()
            outcome.refused.append((str(member or selectors.invitation_list().filter(pk=key).first()), error.message))
        except Http404:
            # Gone meanwhile.
            continue
        else:
            outcome.done.append(str(done))
    return outcome
