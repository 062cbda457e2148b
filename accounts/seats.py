"""Count of seats: active users of the team. Learners and promoters need none."""

from accounts.access import TEAM
from accounts.models import User


def seats_taken() -> int:
    """Number of active team members of the workspace in context."""
    return User.objects.filter(role__in=TEAM, is_active=True).count()
