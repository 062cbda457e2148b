"""Who owns the workspace that a query reads: the sign of a connection that went astray."""

from django.db import connection

from accounts.models import Role, User

OWNER = "SELECT email FROM accounts_user WHERE role = 'owner'"
HERE, THERE = "owner@atelier.test", "owner@voisine.test"


def owner() -> str:
    return User.objects.get(role=Role.OWNER).email


def raw_owner() -> str:
    """By the driver's own cursor, behind Django's back."""
    with connection.connection.cursor() as cursor:
        return cursor.execute(OWNER).fetchone()[0]
