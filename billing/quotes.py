"""The catalogue for sale and the quote of a choice, from our own rows, so that pages do not call Stripe."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from billing.profiles import profile_of, vat_for
from billing.subscription_types import Choice
from plans import modules
from plans.models import AddOn, Plan, Price
from plans.prices import EUR
from tenants.context import TenantRef, public_context

MONTH, YEAR = Price.Interval.MONTH.value, Price.Interval.YEAR.value
CENT = Decimal("0.01")


class Amounts(NamedTuple):
    """Amounts in euros. VAT is calculated and rounded per line, as on Stripe's invoices."""

    excl_vat: Decimal
    vat: Decimal
    incl_vat: Decimal


@dataclass(frozen=True)
class Line:
    """The name of a plan or an option, and its price per `interval` in euros without VAT."""

    name: str
    amount_excl_vat: Decimal
    interval: str


@dataclass(frozen=True)
class Quote:
    """The cost of a choice per period, before discounts. `rate_percent` None: no billing profile yet, so no VAT.

    `beside`: monthly cost of options beside a yearly plan. `mention`: legal mention about VAT, a French msgid or "".
    """

    lines: tuple[Line, ...]
    interval: str
    period: Amounts
    beside: Amounts
    rate_percent: Decimal | None = None
    mention: str = ""


@dataclass(frozen=True)
class Catalogue:
    """Plans (with their entitlements) and options for sale, and the prices in force in euros without VAT.

    `prices`: ("plan" or "add_on", code, interval) → amount.
    """

    plans: tuple[Plan, ...]
    add_ons: tuple[AddOn, ...]
    prices: dict[tuple[str, str, str], Decimal]

    def plan_price(self, code: str, interval: str) -> Decimal | None:
        """The price in euros without VAT; None if the plan is not sold for the interval."""
        return self.prices.get(("plan", code, interval))

    def add_on_line(self, option: AddOn, interval: str) -> Line | None:
        """The option at its price for `interval`, otherwise at its monthly price; None without either."""
        for amount in dict.fromkeys((interval, MONTH)):
            if (price := self.prices.get(("add_on", option.code, amount))) is not None:
                return Line(option.name, price, amount)
        return None

    def saving(self, code: str) -> Decimal:
        """Euros without VAT saved by paying a year instead of twelve months; 0 if one of the prices is missing."""
        month, year = self.plan_price(code, MONTH), self.plan_price(code, YEAR)
        return max(month * 12 - year, Decimal(0)) if month is not None and year is not None else Decimal(0)


def load_catalogue(*, current_plan: str = "", current_add_ons: Iterable[str] = ()) -> Catalogue:
    """What is for sale, in five queries.

    `current_plan`, `current_add_ons`: codes that the workspace has, included even if no longer for sale.
    """
    with public_context():
        plans = [
            plan
            for plan in Plan.objects.prefetch_related(modules.installed_entitlements())
            if plan.is_offered or plan.code == current_plan
        ]
        prices = Price.objects.filter(is_active=True, currency=EUR)
        options = modules.sellable(AddOn.objects.prefetch_related("entitlements"), owned=current_add_ons)
        return Catalogue(tuple(plans), tuple(options), {_key(row): row.amount_excl_vat for row in prices})


def _key(row: Price) -> tuple[str, str, str]:
    return ("plan", row.plan_id, row.interval) if row.plan_id else ("add_on", str(row.add_on_id), row.interval)


def quote(tenant: TenantRef, choice: Choice, catalogue: Catalogue) -> Quote:
    """The quote of a choice, with VAT if the workspace has a billing profile. Items without a price are left out."""
    lines = tuple(lines_of(choice, catalogue))
    rate, mention = _vat(tenant)
    return Quote(
        lines=lines,
        interval=choice.interval,
        period=amounts((line.amount_excl_vat for line in lines if line.interval == choice.interval), rate),
        beside=amounts((line.amount_excl_vat for line in lines if line.interval != choice.interval), rate),
        rate_percent=rate,
        mention=mention,
    )


def lines_of(choice: Choice, catalogue: Catalogue) -> Iterable[Line]:
    """The lines of the plan and its options. Items without a price are left out."""
    price = catalogue.plan_price(choice.plan, choice.interval)
    for plan in catalogue.plans:
        if plan.code == choice.plan and price is not None:
            yield Line(plan.name, price, choice.interval)
    for option in catalogue.add_ons:
        line = catalogue.add_on_line(option, choice.interval) if option.code in choice.add_ons else None
        if line is not None:
            yield line


def _vat(tenant: TenantRef) -> tuple[Decimal | None, str]:
    profile = profile_of(tenant)
    if profile is None:
        return None, ""
    vat = vat_for(profile)
    return vat.rate_percent, vat.mention


def amounts(lines: Iterable[Decimal], rate_percent: Decimal | None) -> Amounts:
    """The sum of lines in euros without VAT, with VAT rounded per line. A rate of None adds no VAT."""
    amounts_excl_vat = list(lines)
    vat = sum((_round_to_cent(amount * (rate_percent or 0) / 100) for amount in amounts_excl_vat), Decimal(0))
    total = sum(amounts_excl_vat, Decimal(0))
    return Amounts(total, vat, total + vat)


def _round_to_cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
