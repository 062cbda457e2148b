"""Plans and add-ons as the public pages show them: each price by month and by year, without and with VAT."""

import hashlib
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from plans import selectors
from plans.models import Plan
from tax.vat_tables import standard_rate

CENT = Decimal("0.01")


@dataclass(frozen=True)
class ShownPrice:
    """`excl_vat`, `incl_vat`: in euros, to the cent."""

    excl_vat: Decimal
    incl_vat: Decimal

    @property
    def decimals(self) -> int:
        """Decimals of the price with VAT: none for whole euros."""
        return 0 if self.incl_vat == self.incl_vat.to_integral_value() else 2


@dataclass(frozen=True)
class Offer:
    """A plan or an add-on. `saving`: of a year paid at once, without VAT; `year` is None for an add-on."""

    row: Any
    month: ShownPrice
    year: ShownPrice | None = None
    saving: Decimal = Decimal(0)


def vat_percent() -> Decimal:
    """The standard rate of the operator's country today, in percent."""
    return standard_rate(settings.SELLER_COUNTRY, timezone.localdate())


def shown_price(excl_vat: Decimal) -> ShownPrice:
    """A price with the VAT of the operator's country, rounded to the cent."""
    incl_vat = excl_vat * (1 + vat_percent() / 100)
    return ShownPrice(excl_vat.quantize(CENT, ROUND_HALF_UP), incl_vat.quantize(CENT, ROUND_HALF_UP))


def offers() -> list[Offer]:
    """The plans for sale."""
    return [offer(plan) for plan in selectors.plans_offered()]


def add_on_offers() -> list[Offer]:
    """The add-ons for sale."""
    return [Offer(row, shown_price(row.month_price)) for row in selectors.add_ons()]


def offer(plan: Plan) -> Offer:
    saving = max(Decimal(0), 12 * plan.month_price - plan.year_price)
    return Offer(plan, shown_price(plan.month_price), shown_price(plan.year_price), saving)


def fingerprint() -> str:
    """A digest of all that the offers show, to name the parts of pages that are kept in memory. One query."""
    return hashlib.sha256(repr((selectors.offered_columns(), vat_percent())).encode()).hexdigest()
