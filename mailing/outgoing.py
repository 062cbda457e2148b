"""A row of the outbox as it leaves, and the rows that do not leave."""

from typing import Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import QuerySet

from mailing import suppression
from mailing.marks import attach_mark
from mailing.models import OutboxMessage
from mailing.types import MailKind
from ui.lines import one_line

Status = OutboxMessage.Status
# Providers that can be told by mail not to track it; at the others it is a setting of the account (docs/mail.md).
TRACKING_PROVIDERS: Final = frozenset({"mailgun", "postmark", "sendgrid"})
# Shown to operators as the error.
MAY_HAVE_LEFT: Final = "its process ended while it was sent: it may have left, and is not sent again"


def give_up_doubtful(available: QuerySet[OutboxMessage]) -> bool:
    """Whether the message is given up, because a process died while sending it.

    Then it may have left. Transactional mail leaves again: a code that comes twice does no harm. Other mail does not.
    """
    doubtful = available.exclude(kind=MailKind.TRANSACTIONAL).filter(tries__gt=0, error="")
    return bool(doubtful.update(status=Status.FAILED, taken_until=None, error=MAY_HAVE_LEFT))


def withhold(available: QuerySet[OutboxMessage]) -> bool:
    """Whether the message goes to no one, because its addresses are suppressed; its body is erased then."""
    row = available.only("to", "kind").first()
    if row is None:
        return False
    suppressed = suppression.suppressed_among(row.to, row.kind)
    if len(suppressed) < len(row.to):
        if suppressed:
            available.update(to=[address for address in row.to if address not in suppressed])
        return False
    return bool(available.update(status=Status.WITHHELD, text="", html="", taken_until=None))


def is_readable(row: OutboxMessage) -> bool:
    """Whether the console may show the body: it is there, and carries no secret."""
    return bool(row.text) and (settings.MAIL_KEEPS_BODIES or not row.carries_secret)


def message_of(row: OutboxMessage) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(one_line(row.subject), row.text, row.sender, row.to, headers=row.headers)
    if row.html:
        message.attach_alternative(attach_mark(message, row.html, row.tenant_id), "text/html")
    # Given back by the provider's webhook (mailing/providers.py).
    message.metadata = {"outbox": str(row.pk)}  # type: ignore[attr-defined]
    # No pixel and no rewritten links: CNIL, délibération 2026-042.
    if settings.MAIL_PROVIDER in TRACKING_PROVIDERS:
        message.track_opens = message.track_clicks = False  # type: ignore[attr-defined]
    return message
