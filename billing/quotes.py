"""What is for sale at which price, and what a choice comes to, from our own rows: no page asks Stripe for it."""

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
    """Euros. VAT is counted and rounded for each line, as on the invoice."""

    excl_vat: Decimal
    vat: Decimal
    incl_vat: Decimal


@dataclass(frozen=True)
class Line:
    """One thing chosen: a plan's or an option's name, and its price without VAT each `interval`."""

    name: str
    amount_excl_vat: Decimal
    interval: str


@dataclass(frozen=True)
class Quote:
    """What a choice comes to each period, before what a code takes off. `rate_percent` None: the buyer is not known.

    `beside`: what options cost each month beside a plan that is paid by the year. `mention`: a French msgid, or "".
    """

    lines: tuple[Line, ...]
    interval: str
    period: Amounts
    beside: Amounts
    rate_percent: Decimal | None = None
    mention: str = ""


@dataclass(frozen=True)
class Catalogue:
    """Plans (with their entitlements) and options for sale, and the prices in force in euros without VAT."""

    plans: tuple[Plan, ...]
    add_ons: tuple[AddOn, ...]
    prices: dict[tuple[str, str, str], Decimal]

    def plan_price(self, code: str, interval: str) -> Decimal | None:
        """None: not sold for such a period."""
        return self.prices.get(("plan", code, interval))

    def add_on_line(self, option: AddOn, interval: str) -> Line | None:
        """By the year beside a year's plan where it has such a price, else by the month."""
        for amount in dict.fromkeys((interval, MONTH)):
            if (price := self.prices.get(("add_on", option.code, amount))) is not None:
                return Line(option.name, price, amount)
        return None

    def saving(self, code: str) -> Decimal:
        """Euros without VAT that a year costs less than twelve months; 0 where that cannot be said."""
        month, year = self.plan_price(code, MONTH), self.plan_price(code, YEAR)
        return max(month * 12 - year, Decimal(0)) if month is not None and year is not None else Decimal(0)


def load_catalogue(*, current_plan: str = "", current_add_ons: Iterable[str] = ()) -> Catalogue:
    """What is for sale, in five queries. `keep`, `had`: the plan and options of a workspace, though not for sale."""
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
    """What a choice comes to, with VAT where the buyer is known. What has no price is left out."""
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
    """The plan and its options, as they are sold. What has no price is left out."""
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
    """What lines in euros come to. Without a rate, nothing is added."""
    amounts_excl_vat = list(lines)
    vat = sum((_round_to_cent(amount * (rate_percent or 0) / 100) for amount in amounts_excl_vat), Decimal(0))
    total = sum(amounts_excl_vat, Decimal(0))
    return Amounts(total, vat, total + vat)


def _round_to_cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
