"""What a person chooses from a mail, without signing in: one click stops its kinds (RFC 8058), a page shows all.

The link holds for as long as the account: a mail is read months later. It opens nothing but these choices.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.addresses import plain_address
from accounts.models import User
from notifications import selectors, services
from notifications.kinds import KINDS, kinds_of
from notifications.mail_links import PURPOSE, url_of
from notifications.models import Preference
from tenants import signing

MAX_TOKEN: Final = 1_000


def read(token: str) -> tuple[User, list[str]] | None:
    """The person and the kinds of the mail; None for a link that is not ours, or of nobody who is still there."""
    try:
        key, kinds = signing.unsign(PURPOSE, token[:MAX_TOKEN])
        person = User.objects.filter(pk=UUID(key), is_active=True).first()
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        return None
    if person is None:
        return None
    return person, [kind for kind in kinds if kind in KINDS]


def mail_stop(person: User, kinds: Iterable[str]) -> None:
    """Send this person no more mail of these kinds; what the bell shows stays."""
    stopped = set(kinds)
    choices: dict[str, tuple[bool, str]] = {
        code: (row.in_app, Preference.Mail.OFF)
        for code, row in selectors.preferences(person).items()
        if code in stopped
    }
    with transaction.atomic():
        services.save_preferences(person, choices)


def address_stop(address: str) -> None:
    """Stop all kinds of mail that may be stopped, for the person of this address in the workspace in context."""
    person = User.objects.filter(email=plain_address(address)).first()
    if person is not None:
        mail_stop(person, [kind.code for kind in kinds_of(person.role) if not kind.mailed_elsewhere])


def stop_link(person: User, kind: str) -> str:
    """The link of a mail of a kind to this person; "" if they do not want any, or if their role gets none."""
    choice = selectors.preferences(person).get(kind)
    if choice is None or choice.mail == Preference.Mail.OFF:
        return ""
    return url_of(person, [kind])
