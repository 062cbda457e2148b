"""Invitations: made, sent again, revoked, accepted, expired. Each holds a seat of the plan where its role needs one."""

import datetime as dt
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import audit
from accounts.limits import count, count_mail
from accounts.models import User
from accounts.services import user_create
from events.catalogue import MemberInvited
from events.catalogue import Role as FactRole
from events.services import record
from mailing.services import send
from tenants import signing
from tenants.context import TenantRef, current_tenant
from tenants.selectors import tenant_url
from tenants.services import require_writable
from workspace.members import selectors
from workspace.members.types import InvitationEnded, Invitee, MemberRefused, Outcome
from workspace.models import LIFETIME, Invitation
from workspace.seats import seat_release, seat_take

DAY_SECONDS: Final = 24 * 3600
# Invitations that a workspace may send in a day: during its trial it is not known yet.
PER_DAY_IN_TRIAL: Final = 200
PER_DAY: Final = 2_000
_PURPOSE: Final = "invitation"
_BATCH: Final = 500


def with_known(people: Iterable[Invitee]) -> list[Invitee]:
    """The lines, those of members and of people already invited with that problem."""
    lines = list(people)
    known = selectors.known_addresses([line.email for line in lines])
    return [_with_known(line, known.get(line.email)) for line in lines]


def _with_known(line: Invitee, known: object) -> Invitee:
    if line.problem or known is None:
        return line
    if isinstance(known, Invitation):
        problem = _("Une invitation attend déjà cette personne.")
    elif isinstance(known, User) and not known.is_active:
        problem = _("Cette personne est désactivée : réactivez-la dans la liste des membres.")
    else:
        problem = _("Cette personne est déjà membre.")
    return Invitee(line.line, line.email, line.name, line.role, problem)


def invite_all(people: Iterable[Invitee], *, actor: User) -> Outcome:
    """Invite each person of the list, in a transaction each. Lines with a problem are not invited.

    Raises `ReadOnlyWorkspace`.
    """
    require_writable()
    outcome = Outcome()
    for line in with_known(people):
        if line.problem:
            outcome.refused.append((line.email, line.problem))
            continue
        try:
            invite(email=line.email, name=line.name, role=line.role, actor=actor)
        except MemberRefused as error:
            outcome.refused.append((line.email, error.message))
        else:
            outcome.done.append(line.email)
    return outcome


def invite(*, email: str, name: str, role: str, actor: User) -> Invitation:
    """Invite an address, and mail it. Raises `MemberRefused` or `ReadOnlyWorkspace`; then nothing is changed."""
    tenant = current_tenant()
    if role not in selectors.GIVEN_BY.get(actor.role, ()):
        raise MemberRefused(_("Vous ne pouvez pas donner ce rôle."))
    _count_mail(tenant, email)
    try:
        with transaction.atomic():
            require_writable()
            if User.objects.filter(email=email).exists():
                raise MemberRefused(_("Cette personne est déjà membre."))
            seat_take(role)
            invitation = Invitation.objects.create(
                email=email, name=name, role=role, invited_by=actor, expires_at=timezone.now() + LIFETIME
            )
            audit.record("invitation.sent", actor=actor, target=email, role=role)
            record(MemberInvited(subject_id=invitation.pk, actor_id=actor.pk, role=FactRole(role)))
            _send(tenant, invitation, actor)
    except IntegrityError as error:
        # Invited by somebody else at the same moment.
        raise MemberRefused(_("Une invitation attend déjà cette personne.")) from error
    return invitation


def _count_mail(tenant: TenantRef, email: str) -> None:
    """Raises `MemberRefused` where too many invitations were sent."""
    most = PER_DAY_IN_TRIAL if tenant.state == "trial" else PER_DAY
    if count("invitations", "", DAY_SECONDS) > most:
        raise MemberRefused(_("Trop d’invitations aujourd’hui : réessayez demain."))
    if not count_mail("invitation", email):
        raise MemberRefused(_("Trop d’e-mails à cette adresse en peu de temps : réessayez dans une heure."))


def _send(tenant: TenantRef, invitation: Invitation, actor: User) -> None:
    path = reverse("invitation_accept", args=[_token(invitation)], urlconf=settings.TENANT_URLCONF)
    with translation.override(tenant.language):
        send(
            template="invitation",
            to=invitation.email,
            context={
                "name": invitation.name,
                "workspace": tenant.name,
                "address": tenant_url(tenant.domain),
                "inviter": str(actor),
                "role": invitation.get_role_display(),
                "link": tenant_url(tenant.domain, path),
                "expires_at": invitation.expires_at,
            },
        )


def _token(invitation: Invitation) -> str:
    return signing.sign(_PURPOSE, str(invitation.pk))


def invitation_resend(*, invitation_id: UUID, actor: User) -> Invitation:
    """Mail the link again; it is valid from now on. Raises `MemberRefused`, `Http404` or `ReadOnlyWorkspace`."""
    tenant = current_tenant()
    _count_mail(tenant, selectors.access_invitation(invitation_id).email)
    with transaction.atomic():
        require_writable()
        invitation = _lock(invitation_id, actor)
        invitation.sent_at, invitation.expires_at = timezone.now(), timezone.now() + LIFETIME
        invitation.save(update_fields=["sent_at", "expires_at"])
        audit.record("invitation.resent", actor=actor, target=invitation.email, role=invitation.role)
        _send(tenant, invitation, actor)
    return invitation


def invitation_revoke(*, invitation_id: UUID, actor: User) -> Invitation:
    """End an invitation and give its seat back. Raises `MemberRefused`, `Http404` or `ReadOnlyWorkspace`."""
    with transaction.atomic():
        require_writable()
        invitation = _lock(invitation_id, actor)
        _end(invitation)
        audit.record("invitation.revoked", actor=actor, target=invitation.email, role=invitation.role)
    return invitation


def _lock(invitation_id: UUID, actor: User) -> Invitation:
    """Lock an invitation that waits. Raises `Http404`, and `MemberRefused` where its role is above the actor's."""
    Invitation.objects.select_for_update().filter(pk=invitation_id).values_list("pk", flat=True).first()
    invitation = selectors.access_invitation(invitation_id)
    if invitation.role not in selectors.GIVEN_BY.get(actor.role, ()):
        raise MemberRefused(_("Cette invitation ne dépend pas de vous."))
    return invitation


def _end(invitation: Invitation) -> None:
    invitation.ended_at = timezone.now()
    invitation.save(update_fields=["ended_at"])
    seat_release(invitation.role)


def invitation_of_link(token: str) -> Invitation:
    """The invitation of a link that still opens. Raises `InvitationEnded`."""
    try:
        invitation_id = UUID(signing.unsign(_PURPOSE, token[:300]))
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        raise InvitationEnded from None
    invitation = Invitation.objects.select_related("invited_by").filter(pk=invitation_id).first()
    if invitation is None or not invitation.is_pending:
        raise InvitationEnded
    return invitation


def invitation_accept(*, invitation_id: UUID, name: str, password: str, language: str) -> User:
    """Make the account of an invited person, whose address the link has proved. Returns the account.

    Raises `InvitationEnded`, `MemberRefused` (no seat is left, as after a change of plan), `ReadOnlyWorkspace` and
    `ValidationError` (weak password); then nothing is changed.
    """
    try:
        with transaction.atomic():
            require_writable()
            invitation = Invitation.objects.select_for_update().filter(pk=invitation_id).first()
            if invitation is None or not invitation.is_pending:
                raise InvitationEnded
            validate_password(password, User(email=invitation.email, name=name))
            # The seat of the invitation is counted anew: the plan may have fewer by now.
            seat_release(invitation.role)
            seat_take(invitation.role)
            user = user_create(
                email=invitation.email, password=password, role=invitation.role, name=name, language=language
            )
            invitation.accepted_at = timezone.now()
            invitation.save(update_fields=["accepted_at"])
            audit.record("invitation.accepted", actor=user, target=user.email, role=user.role)
    except IntegrityError as error:
        # An account of this address was made in another way meanwhile.
        raise InvitationEnded from error
    return user


def end_expired(now: dt.datetime) -> int:
    """End the expired invitations of the workspace in context, and give their seats back. Returns their number."""
    ended = 0
    expired = Invitation.objects.filter(accepted_at=None, ended_at=None, expires_at__lte=now).order_by("pk")
    for key in list(expired.values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic():
            invitation = expired.select_for_update(skip_locked=True).filter(pk=key).first()
            if invitation is not None:
                _end(invitation)
                ended += 1
    return ended
