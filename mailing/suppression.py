"""Addresses that are not mailed again, kept as HMACs under the platform's secret.

A mailbox that does not exist gets nothing. One that complained still gets transactional mail (a code it asked for, an
invoice), but nothing else: M3AAWG, Sender Best Common Practices, 5.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import audit
from accounts.addresses import plain_address
from accounts.models import User
from mailing.models import MailEvent, OutboxMessage, Suppression
from mailing.types import MailKind

Reason = Suppression.Reason
# So many temporary failures, the first and the last so far apart, and the address rests for so long.
SOFT_BOUNCES: Final = 3
SOFT_BOUNCE_SPAN: Final = timedelta(hours=72)
SOFT_BOUNCE_REST: Final = timedelta(days=30)
# A complaint or a hard bounce outweighs a rest.
_WEIGHT: Final = {Reason.SOFT_BOUNCES: 0, Reason.COMPLAINT: 1, Reason.HARD_BOUNCE: 2}


def digest_of(address: str) -> str:
    """The HMAC under which an address is kept, equal for all its spellings."""
    return salted_hmac("mailing.suppression", plain_address(address), algorithm="sha256").hexdigest()


def suppressed_among(addresses: Iterable[str], kind: str) -> set[str]:
    """Those of the addresses that get no mail of this kind."""
    digests = {digest_of(address): address for address in addresses}
    now = timezone.now()
    rows = Suppression.objects.filter(Q(until=None) | Q(until__gt=now), digest__in=digests)
    if kind == MailKind.TRANSACTIONAL:
        rows = rows.exclude(reason=Reason.COMPLAINT)
    return {digests[digest] for digest in rows.values_list("digest", flat=True)}


def suppress(address: str, reason: str, *, message: OutboxMessage | None, until: datetime | None = None) -> None:
    """Suppress an address. A weightier reason replaces a lighter one; the same one is kept as it is."""
    digest, now = digest_of(address), timezone.now()
    with transaction.atomic():
        Suppression.objects.filter(digest=digest, until__lte=now).delete()
        values = {"reason": reason, "message": message, "until": until}
        row, is_new = Suppression.objects.select_for_update().get_or_create(digest=digest, defaults=values)
        if not is_new and _WEIGHT[Reason(row.reason)] < _WEIGHT[Reason(reason)]:
            Suppression.objects.filter(pk=row.pk).update(**values)


def count_soft_bounce(address: str, *, message: OutboxMessage) -> None:
    """Let an address rest whose last mails all failed for days. Call it after the event was written."""
    now = timezone.now()
    events = MailEvent.objects.filter(digest=digest_of(address), at__gt=now - SOFT_BOUNCE_REST).order_by("-at")
    failures: list[datetime] = []
    for kind, at in events.values_list("kind", "at")[:50]:
        if kind == OutboxMessage.Report.DELIVERED:
            break
        if kind == OutboxMessage.Report.BOUNCED:
            failures.append(at)
    if len(failures) >= SOFT_BOUNCES and failures[0] - failures[-1] >= SOFT_BOUNCE_SPAN:
        suppress(address, Reason.SOFT_BOUNCES, message=message, until=now + SOFT_BOUNCE_REST)


def lift(*, suppression_id: UUID, reason: str, actor: User) -> None:
    """Mail an address again. Call it in the public schema. Does nothing if it is no longer suppressed."""
    with transaction.atomic():
        row = Suppression.objects.select_for_update(of=("self",)).filter(pk=suppression_id).first()
        if row is None:
            return
        target = address_of(row) or row.digest[:12]
        audit.record("mail.suppression_lifted", actor=actor, target=target, was=row.reason, reason=reason)
        row.delete()


def address_of(row: Suppression) -> str:
    """The address in clear, from the mail that led to it; "" where that mail is gone."""
    addresses = row.message.to if row.message else []
    return next((address for address in addresses if digest_of(address) == row.digest), "")


def sweep() -> int:
    """Delete suppressions that ended. Returns their number."""
    return int(Suppression.objects.filter(until__lte=timezone.now()).delete()[0])
