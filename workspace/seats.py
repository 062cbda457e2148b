"""Seats of the plan: active people of the team, and invitations into it. Learners and promoters need none."""

from typing import Final

from django.utils.translation import gettext as _

from accounts.access import TEAM
from accounts.models import User
from usage import services as quotas
from usage.types import QuotaExceeded
from workspace.members.types import MemberRefused
from workspace.models import Invitation

METER: Final = "seats"


def seats_taken() -> int:
    """Number of active team members of the workspace in context, and of invitations that hold a seat for one."""
    members = User.objects.filter(role__in=TEAM, is_active=True).count()
    return members + Invitation.objects.filter(role__in=TEAM, accepted_at=None, ended_at=None).count()


def seat_take(role: str) -> None:
    """Count the seat that a role needs, if any, in the caller's transaction. Raises `MemberRefused` if none is left."""
    if role not in TEAM:
        return
    try:
        quotas.grow(METER)
    except QuotaExceeded as error:
        raise MemberRefused(_("Il ne reste plus de place dans votre offre.")) from error


def seat_release(role: str) -> None:
    """Give back the seat that a role needs, if any, in the caller's transaction."""
    if role in TEAM:
        quotas.shrink(METER)
