"""Who takes a seat: everybody of the team who may sign in. Learners and promoters take none."""

from accounts.access import TEAM
from accounts.models import User


def seats_taken() -> int:
    """People of the team of the workspace in context."""
    return User.objects.filter(role__in=TEAM, is_active=True).count()
