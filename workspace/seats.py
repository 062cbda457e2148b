"""Count of seats: active people of the team, and invitations into it. Learners and promoters need none."""

from accounts.access import TEAM
from accounts.models import User
from workspace.models import Invitation


def seats_taken() -> int:
    """Number of active team members of the workspace in context, and of invitations that hold a seat for one."""
    members = User.objects.filter(role__in=TEAM, is_active=True).count()
    return members + Invitation.objects.filter(role__in=TEAM, accepted_at=None, ended_at=None).count()
