"""The one door to tell people something, and what they do with it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation

from accounts.models import User
from mailing.services import send
from notifications import mail_links, selectors
from notifications.kinds import KINDS, kinds_of
from notifications.models import Notification, Preference
from tenants import broadcast
from tenants.context import current_tenant
from tenants.ids import new_id
from tenants.selectors import tenant_url

TOPIC: Final = "notifications"
# Read ones go after this time, unread ones after three times as long.
RETENTION: Final = timedelta(days=30)
# Lines of a daily mail.
DIGEST_LINES: Final = 20


def notify(
    person: User,
    kind: str,
    *,
    subject_id: UUID | None = None,
    actor: User | None = None,
    group: str = "",
    **figures: Any,
) -> None:
    """Tell a person of this workspace, in the caller's transaction and as they wish (bell, mail, daily mail).

    `group`: unread notifications of one group are shown as one; by default those of the same kind and subject.
    Does nothing for an inactive person, one whose role does not get this kind, or the actor themselves.
    """
    if not person.is_active or person == actor or person.role not in KINDS[kind].roles:
        return
    choice = selectors.preferences(person)[kind]
    told_now = choice.mail == Preference.Mail.NOW and not KINDS[kind].mailed_elsewhere
    in_digest = choice.mail == Preference.Mail.DIGEST and not KINDS[kind].mailed_elsewhere
    values: dict[str, Any] = {
        "id": new_id(),
        "recipient": person,
        "kind": kind,
        "group": group or f"{kind}:{subject_id or ''}",
        "subject_id": subject_id,
        "actor": actor,
        "figures": figures,
    }
    with transaction.atomic():
        if told_now:
            _mail(person, [Notification(**values, count=1, updated_at=timezone.now())])
        if choice.in_app or in_digest:
            _save(**values, in_app=choice.in_app, in_digest=in_digest)
            _ring(person.pk)


def _save(*, recipient: User, group: str, in_app: bool, in_digest: bool, **values: Any) -> None:
    """Add a row, or count up the unread one of its group."""
    now = timezone.now()
    changed = {name: value for name, value in values.items() if name not in ("id", "kind")}
    changed |= {"in_app": in_app, "in_digest": in_digest, "updated_at": now}
    unread = Notification.objects.filter(recipient=recipient, group=group, read_at=None)
    if unread.update(count=F("count") + 1, **changed):
        return
    created = Notification.objects.bulk_create(
        [Notification(recipient=recipient, group=group, in_app=in_app, in_digest=in_digest, updated_at=now, **values)],
        ignore_conflicts=True,
    )
    # Another transaction has added it meanwhile.
    if not Notification.objects.filter(pk=created[0].pk).exists():
        unread.update(count=F("count") + 1, **changed)


def _ring(person_id: UUID) -> None:
    """Tell the open tabs of a person, in every process, once the transaction commits."""
    key = f"{current_tenant().id}:{person_id}"
    transaction.on_commit(lambda: broadcast.publish(TOPIC, key), robust=True)


def forget_subject(subject_id: UUID, kinds: Iterable[str]) -> None:
    """Remove what was told about a subject that is gone or no longer shared."""
    rows = Notification.objects.filter(subject_id=subject_id, kind__in=kinds)
    people = set(rows.values_list("recipient_id", flat=True))
    rows.delete()
    for person_id in people:
        _ring(person_id)


def mark_read(person: User, notification_id: UUID | None = None) -> int:
    """Mark one notification of a person as read, or all. Returns how many were unread."""
    rows = selectors.of_person(person).filter(read_at=None)
    if notification_id:
        rows = rows.filter(pk=notification_id)
    with transaction.atomic():
        count = rows.order_by().update(read_at=timezone.now(), in_digest=False)
        if count:
            _ring(person.pk)
    return count


def save_preferences(person: User, choices: dict[str, tuple[bool, str]]) -> None:
    """Keep a person's choices: kind -> (in the bell, mail). Kinds that their role does not get are ignored."""
    rows = [
        Preference(
            person=person,
            kind=kind.code,
            in_app=choices[kind.code][0],
            mail=Preference.Mail.OFF if kind.mailed_elsewhere else choices[kind.code][1],
        )
        for kind in kinds_of(person.role)
        if kind.code in choices
    ]
    Preference.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["person", "kind"], update_fields=["in_app", "mail"]
    )


def send_digests() -> int:
    """Mail each person of the workspace in context what waits for their daily mail. Returns the number of mails."""
    people = User.objects.filter(
        is_active=True, pk__in=Notification.objects.filter(in_digest=True).values("recipient").distinct()
    )
    return sum(_send_digest(person) for person in people.iterator())


def _send_digest(person: User) -> bool:
    with transaction.atomic():
        # Locked: a second run of the job finds nothing left.
        rows = Notification.objects.filter(recipient=person, in_digest=True, kind__in=KINDS)
        waiting = list(rows.select_for_update(of=("self",)).select_related("actor"))
        if not waiting:
            return False
        Notification.objects.filter(pk__in=[row.pk for row in waiting]).update(in_digest=False)
        # Those that the bell does not show have been told now.
        hidden = [row.pk for row in waiting if not row.in_app]
        Notification.objects.filter(pk__in=hidden).delete()
        return _mail(person, waiting)


def _mail(person: User, rows: list[Notification]) -> bool:
    """Mail lines in the person's language. False if nothing is left that they may see."""
    tenant = current_tenant()
    with translation.override(person.language or tenant.language or settings.LANGUAGE_CODE):
        lines = [
            {"words": line.words, "url": tenant_url(tenant.domain, line.url)}
            for line in selectors.lines(person, rows)
            if line.url
        ]
        if not lines:
            return False
        send(
            template="notifications",
            to=person.email,
            context={
                "name": person.name,
                "workspace": tenant.name,
                "lines": lines[:DIGEST_LINES],
                "more": max(0, len(lines) - DIGEST_LINES),
                "page_url": tenant_url(tenant.domain, "/notifications/"),
            },
            unsubscribe_url=mail_links.url_of(person, {row.kind for row in rows}),
        )
    return True


def sweep() -> int:
    """Delete old notifications of the workspace in context. Returns their number."""
    now = timezone.now()
    read = Notification.objects.filter(read_at__lt=now - RETENTION)
    old = Notification.objects.filter(updated_at__lt=now - 3 * RETENTION)
    return int(read.delete()[0]) + int(old.delete()[0])
