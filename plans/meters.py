"""What is counted, and what is there or not: one table. A new thing to meter is a line here and a row of a plan.

Labels are French msgids. `standing` amounts are what there is now; who counts them is in config/lifecycle.py.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext_noop

from plans.types import EUROS, TOKENS


class Unit(StrEnum):
    """What an amount of a meter is one of."""

    TOKENS = "tokens"
    EUROS = "euros"
    BYTES = "bytes"
    PIECES = "pieces"


class Kind(StrEnum):
    """When a meter begins at nothing again."""

    MONTH = "month"
    HOUR = "hour"
    STANDING = "standing"
    # Not counted: there, or not.
    MODULE = "module"


@dataclass(frozen=True)
class Meter:
    """One thing a workspace may use. Whether anything serves it yet is in config/modules.py."""

    key: str
    label: str
    unit: Unit = Unit.PIECES
    kind: Kind = Kind.MONTH


class Slot(NamedTuple):
    """Which counter of a meter counts: the first of a month, an hour of a day, or the one that stands for good.

    Months are those of the platform's time zone. Hours are those of UTC: when clocks go back, two hours have one name.
    """

    period: dt.date
    hour: int


STANDS: Final = Slot(dt.date(1970, 1, 1), 0)

METERS: Final[dict[str, Meter]] = {
    meter.key: meter
    for meter in (
        Meter("seats", gettext_noop("Places"), kind=Kind.STANDING),
        Meter(TOKENS, gettext_noop("Jetons d’IA par mois"), Unit.TOKENS),
        Meter(EUROS, gettext_noop("Budget d’IA par mois (€)"), Unit.EUROS),
        Meter("storage", gettext_noop("Stockage (octets)"), Unit.BYTES, Kind.STANDING),
        Meter("own_assistants", gettext_noop("Assistants propres"), kind=Kind.STANDING),
        Meter("courses", gettext_noop("Formations"), kind=Kind.STANDING),
        Meter("learners", gettext_noop("Apprenants"), kind=Kind.STANDING),
        Meter("api_calls_month", gettext_noop("Appels d’API par mois")),
        Meter("api_calls_hour", gettext_noop("Appels d’API par heure"), kind=Kind.HOUR),
        Meter("automation_runs", gettext_noop("Exécutions d’automatisation par mois")),
        Meter("analytics", gettext_noop("Statistiques avancées"), kind=Kind.MODULE),
        Meter("white_label", gettext_noop("Marque blanche"), kind=Kind.MODULE),
        Meter("certificates", gettext_noop("Certificats personnalisés"), kind=Kind.MODULE),
        Meter("webhooks", gettext_noop("Webhooks"), kind=Kind.MODULE),
        Meter("api_all_endpoints", gettext_noop("Toutes les fonctions de l’API"), kind=Kind.MODULE),
    )
}


def meter_of(key: str) -> Meter:
    """The meter of a key; one by the month where the table does not know it."""
    return METERS.get(key) or Meter(key, key)


def this_period() -> dt.date:
    """The first day of the month in which use counts now."""
    return timezone.localdate().replace(day=1)


def slot_of(key: str, now: dt.datetime | None = None) -> Slot:
    """The slot in which a meter counts now, or at another moment (aware)."""
    kind = meter_of(key).kind
    if kind is Kind.STANDING:
        return STANDS
    if kind is Kind.HOUR:
        hour = (now or timezone.now()).astimezone(dt.UTC)
        return Slot(hour.date(), hour.hour)
    return Slot(timezone.localtime(now).date().replace(day=1), 0)
