"""Status of the platform: checks made by a scheduled job, kept as totals by day, shown to everyone.

Each check does what people wait for: a query, a key in Redis, a file written and read, mails that leave, answers that
end. A round of checks is itself a job: a gap between two rounds is counted as an outage of the queue.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics.models import DailyFigures
from mailing.models import OutboxMessage
from tenants import breaker
from tenants.context import public_context
from tenants.ids import new_id
from ui.days import platform_time, platform_today
from website.models import StatusDay

log = logging.getLogger(__name__)
SHOWN_DAYS: Final = 90
KEPT_DAYS: Final = 400
ROUND: Final = timedelta(minutes=1)
# Without a round for so long, the queue stands still, and nothing is known of the others.
STALE: Final = timedelta(minutes=5)
MAIL_LATE: Final = timedelta(minutes=15)
# Answers are judged over this time. Fewer failures than FEWEST say nothing.
WINDOW: Final = timedelta(minutes=15)
FEWEST: Final = 3
LABELS: Final[dict[str, Any]] = {
    "database": _("Base de données"),
    "redis": _("Temps réel"),
    "queue": _("Tâches de fond"),
    "mail": _("Envoi des e-mails"),
    "provider": _("Modèles d’IA"),
    "bucket": _("Fichiers"),
}
# Checked only while people use it.
IDLE: Final = frozenset({"provider"})


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _redis() -> bool:
    breaker.ping()
    return True


def _mail() -> bool:
    """False if a mail was never tried in time, or several were refused and none left meanwhile."""
    late = timezone.now() - MAIL_LATE
    waiting = OutboxMessage.objects.filter(status=OutboxMessage.Status.WAITING, created_at__lt=late)
    if waiting.filter(tries=0).exists():
        return False
    return waiting.count() < FEWEST or OutboxMessage.objects.filter(sent_at__gte=late).exists()


def _provider() -> bool | None:
    """Whether answers end well: False if most of those of the last minutes failed; None without any."""
    today, now = platform_today(), timezone.now().timestamp()
    totals = DailyFigures.objects.filter(day=today).aggregate(Sum("answers"), Sum("failures"))
    answers, failures = totals["answers__sum"] or 0, totals["failures__sum"] or 0
    key = f"status:answers:{today}"
    readings: list[tuple[float, int, int]] = cache.get(key) or []
    readings = [reading for reading in readings if reading[0] > now - WINDOW.total_seconds()]
    cache.set(key, [*readings, (now, answers, failures)], timeout=3600)
    if not readings:
        return None
    ended, failed = answers - readings[0][1], failures - readings[0][2]
    if ended + failed <= 0:
        return None
    return failed < FEWEST or failed <= ended


def _bucket() -> bool:
    storage, word = storages["default"], new_id().hex.encode()
    name = storage.save("status/probe.txt", ContentFile(word))
    try:
        with storage.open(name) as file:
            return bool(file.read() == word)
    finally:
        storage.delete(name)


CHECKS: Final[dict[str, Callable[[], bool | None]]] = {
    "database": _database,
    "redis": _redis,
    "mail": _mail,
    "provider": _provider,
    "bucket": _bucket,
}


def check() -> dict[str, bool | None]:
    """One round of checks, added to the totals of the day. Scheduled. The round itself proves that the queue works."""
    results: dict[str, bool | None] = {"queue": True}
    with public_context():
        for name, function in CHECKS.items():
            try:
                results[name] = function()
            except Exception as error:
                log.warning("status check failed: %s: %s", name, type(error).__name__)
                results[name] = False
        with transaction.atomic():
            _store_gap()
            _store({name: is_ok for name, is_ok in results.items() if is_ok is not None})
    return results


def _store(results: dict[str, bool]) -> None:
    for component, is_ok in results.items():
        _add(component, platform_today(), rounds=1, failures=int(not is_ok))
    now = timezone.now()
    for is_ok in (True, False):
        names = [name for name, result in results.items() if result is is_ok]
        StatusDay.objects.filter(day=platform_today(), component__in=names).update(is_ok=is_ok, last_at=now)


def _store_gap() -> None:
    """Count the rounds that were due since the last one and not made, each on its day, as failures of the queue."""
    last = StatusDay.objects.filter(component="queue").order_by("-last_at").first()
    now = timezone.now()
    if last is None or now - last.last_at <= STALE:
        return
    moment = max(last.last_at + ROUND, now - timedelta(days=SHOWN_DAYS))
    missed: dict[date, int] = {}
    while moment < now:
        end = min(now, _next_midnight(moment))
        missed[platform_time(moment).date()] = int((end - moment) / ROUND)
        moment = end
    for day, rounds in missed.items():
        _add("queue", day, rounds=rounds, failures=rounds)


def _next_midnight(moment: datetime) -> datetime:
    local = platform_time(moment)
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _add(component: str, day: date, *, rounds: int, failures: int) -> None:
    row, _is_new = StatusDay.objects.get_or_create(day=day, component=component, defaults={"last_at": timezone.now()})
    StatusDay.objects.filter(pk=row.pk).update(rounds=F("rounds") + rounds, failures=F("failures") + failures)


@dataclass(frozen=True)
class Day:
    """`percent` of rounds that went well; None for a day without a round."""

    day: date
    percent: float | None

    @property
    def kind(self) -> str:
        if self.percent is None:
            return "none"
        return "good" if self.percent >= 99.5 else "warn" if self.percent >= 95 else "bad"


@dataclass(frozen=True)
class Component:
    """`is_ok`: None if no round of the last minutes says it. `percent`: over the days shown; `is_idle`: not in use."""

    label: Any
    is_ok: bool | None
    is_idle: bool
    percent: float | None
    days: list[Day]


@dataclass(frozen=True)
class Status:
    """`is_ok`: True if every part was checked and works, False if one does not work, None if too little is known."""

    components: list[Component]
    checked_at: datetime | None

    @property
    def is_ok(self) -> bool | None:
        states = [component.is_ok for component in self.components if not component.is_idle]
        return False if False in states else None if None in states else True


def status() -> Status:
    """The state of each component and its last days, from the totals. One query."""
    today = platform_today()
    days = [today - timedelta(days=ago) for ago in range(SHOWN_DAYS - 1, -1, -1)]
    with public_context():
        rows = {(row.component, row.day): row for row in StatusDay.objects.filter(day__gte=days[0])}
    components = [_component(name, days, [rows.get((name, day)) for day in days]) for name in LABELS]
    return Status(components, max((row.last_at for row in rows.values()), default=None))


def _component(name: str, days: list[date], rows: list[StatusDay | None]) -> Component:
    known = [row for row in rows if row is not None]
    last = max(known, key=lambda row: row.last_at) if known else None
    is_ok = last.is_ok if last else None
    if last and timezone.now() - last.last_at > STALE:
        is_ok = False if name == "queue" else None
    return Component(
        LABELS[name],
        is_ok,
        is_ok is None and name in IDLE,
        _percent(sum(row.rounds for row in known), sum(row.failures for row in known)),
        [Day(day, _percent(row.rounds, row.failures) if row else None) for day, row in zip(days, rows, strict=True)],
    )


def _percent(rounds: int, failures: int) -> float | None:
    """Rounded down, so that one failure is never shown as 100 %."""
    return int(10_000 * (rounds - failures) / rounds) / 100 if rounds else None


def sweep() -> int:
    """Delete old totals. Returns how many. Scheduled."""
    with public_context():
        deleted, _by_model = StatusDay.objects.filter(day__lt=platform_today() - timedelta(days=KEPT_DAYS)).delete()
    return deleted
