"""The table of meters and modules. A new meter is a line here and an entitlement of a plan.

Labels are French msgids. The current amounts of `standing` meters are counted by the functions of config/lifecycle.py.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext_noop

from plans.types import AI_EUROS, TOKENS
from ui.days import platform_time, platform_today


class Unit(StrEnum):
    """The unit of a meter's amounts."""

    TOKENS = "tokens"
    EURO = "euros"
    BYTES = "bytes"
    PIECES = "pieces"


class Kind(StrEnum):
    """The period after which a meter starts again from zero."""

    MONTH = "month"
    HOUR = "hour"
    STANDING = "standing"
    # Not counted: available or not.
    MODULE = "module"


@dataclass(frozen=True)
class Meter:
    """One kind of use that plans limit. config/modules.py names the code that implements it, if any."""

    key: str
    label: str
    unit: Unit = Unit.PIECES
    kind: Kind = Kind.MONTH


class Slot(NamedTuple):
    """The counter of a meter for a period: a month (its first day), an hour of a day, or the one of a standing meter.

    Months are in the platform's time zone. Hours are in UTC, because a local hour repeats when clocks go back.
    """

    period: dt.date
    hour: int


STANDING_SLOT: Final = Slot(dt.date(1970, 1, 1), 0)

METERS: Final[dict[str, Meter]] = {
    meter.key: meter
    for meter in (
        Meter("seats", gettext_noop("Places"), kind=Kind.STANDING),
        Meter(TOKENS, gettext_noop("Jetons d’IA par mois"), Unit.TOKENS),
        Meter(AI_EUROS, gettext_noop("Budget d’IA par mois (€)"), Unit.EURO),
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
    """The meter of a key; a monthly one for a key that is not in the table."""
    return METERS.get(key) or Meter(key, key)


def this_period() -> dt.date:
    """The first day of the current month."""
    return platform_today().replace(day=1)


def slot_of(key: str, now: dt.datetime | None = None) -> Slot:
    """The slot of a meter at `now`, an aware datetime (default: the current time)."""
    kind = meter_of(key).kind
    if kind is Kind.STANDING:
        return STANDING_SLOT
    if kind is Kind.HOUR:
        hour = (now or timezone.now()).astimezone(dt.UTC)
        return Slot(hour.date(), hour.hour)
    return Slot(platform_time(now).date().replace(day=1), 0)
