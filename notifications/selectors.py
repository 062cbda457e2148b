"""Notifications as a person may read them, and their preferences."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import User
from notifications.kinds import KINDS, kinds_of
from notifications.models import Notification, Preference
from notifications.types import Line

# The bell shows "99+" above.
COUNTED: Final = 100


def of_person(person: User) -> QuerySet[Notification]:
    return Notification.objects.filter(recipient=person, in_app=True, kind__in=KINDS).select_related("actor")


def access_notification(person: User, notification_id: UUID) -> Notification:
    """A notification of this person. Raises Http404 otherwise."""
    notification = of_person(person).filter(pk=notification_id).first()
    if notification is None:
        raise Http404
    return notification


def unread_count(person: User) -> int:
    """Number of unread notifications, `COUNTED` at most."""
    return of_person(person).filter(read_at=None).order_by()[:COUNTED].count()


def lines(person: User, notifications: Iterable[Notification]) -> list[Line]:
    """The lines to show. Titles and addresses are asked of the subjects' apps, for what `person` may see now."""
    rows = list(notifications)
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for row in rows:
        if row.subject_id and (subject := KINDS[row.kind].subject):
            wanted[subject].add(row.subject_id)
    known = {
        subject: import_string(settings.NOTIFICATION_SUBJECTS[subject])(person, keys)
        for subject, keys in wanted.items()
    }
    return [_line(row, known) for row in rows]


def _line(row: Notification, known: dict[str, dict[UUID, tuple[str, str]]]) -> Line:
    kind = KINDS[row.kind]
    if not kind.subject:
        return Line(row, kind.icon, kind.words(row, ""), kind.url)
    subject = known[kind.subject].get(row.subject_id) if row.subject_id else None
    if subject is None:
        return Line(row, kind.icon, _("Ce contenu n’est plus partagé avec vous."), "")
    title, url = subject
    return Line(row, kind.icon, kind.words(row, title), url)


def preferences(person: User) -> dict[str, Preference]:
    """The choices that hold for a person, by kind: theirs, or the defaults (unsaved rows)."""
    saved = {row.kind: row for row in Preference.objects.filter(person=person)}
    return {
        kind.code: saved.get(kind.code) or Preference(person=person, kind=kind.code, in_app=True, mail=kind.mail)
        for kind in kinds_of(person.role)
    }
