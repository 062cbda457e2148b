"""From what a workspace wants to have to our prices, and to what its subscription would have to become."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.stripe.states import LIVE
from billing.stripe.status import row_of
from billing.subscription_types import Choice
from plans import modules
from plans.models import AddOn, Plan, Price
from plans.prices import EUR
from tenants.context import TenantRef

Interval = Price.Interval


@dataclass(frozen=True)
class Wanted:
    """The prices of a choice, the plan's first."""

    plan: Price
    add_ons: tuple[Price, ...]

    @property
    def all(self) -> tuple[Price, ...]:
        return (self.plan, *self.add_ons)


def wanted(choice: Choice, *, had: Choice | None = None) -> Wanted:
    """The prices in force of a choice. Raises `ValidationError` for what is not for sale.

    `had`: what the workspace has already, which it may keep although it is not offered any more.
    """
    plan = Plan.objects.filter(code=choice.plan).first()
    if plan is None or not (plan.is_offered or (had and had.plan == plan.code)):
        raise ValidationError(_("Cette offre n’est pas en vente."), code="plan")
    if choice.interval not in Interval.values:
        raise ValidationError(_("Choisissez un paiement au mois ou à l’année."), code="interval")
    options = AddOn.objects.filter(code__in=choice.add_ons).prefetch_related("entitlements")
    known = {option.code for option in modules.sellable(options, owned=had.add_ons if had else ())}
    if known != set(choice.add_ons):
        raise ValidationError(_("Cette option n’est pas en vente."), code="add_on")
    return Wanted(
        _price(choice.interval, plan_id=plan.code),
        tuple(_option(code, choice.interval) for code in sorted(known)),
    )


def _option(code: str, interval: str) -> Price:
    """By the year beside a year's plan where it has such a price, else by the month."""
    rows = Price.objects.filter(add_on_id=code, is_active=True, currency=EUR)
    if interval == Interval.YEAR and rows.filter(interval=interval).exists():
        return _price(interval, add_on_id=code)
    return _price(Interval.MONTH, add_on_id=code)


def _price(interval: str, **of_what: Any) -> Price:
    row: Price | None = Price.objects.filter(interval=interval, is_active=True, currency=EUR, **of_what).first()
    if row is None:
        raise ValidationError(
            _("Il n’y a pas de tarif pour cette période. Votre opérateur peut en fixer un."), code="price"
        )
    if not row.stripe_price_id:
        raise ValidationError(
            _("Cette offre n’est pas encore en vente en ligne. Voyez avec votre opérateur."), code="push"
        )
    return row


def difference(items: Iterable[Any], want: Wanted) -> list[dict[str, Any]]:
    """What a subscription's items have to become, as Stripe takes it; empty: nothing.

    What goes on keeps its price, though another is in force by now. Items that are not ours stay.
    """
    items = list(items)
    rows = _rows(items)
    held = {_subject(rows[item.price.id]): item for item in items if item.price.id in rows}
    found = []
    for price in want.all:
        item = held.pop(_subject(price), None) or _other_plan(held, price)
        if item is None:
            found.append({"price": price.stripe_price_id, "quantity": 1})
        elif not _same(rows[item.price.id], price):
            found.append({"id": item.id, "price": price.stripe_price_id})
    return found + [{"id": item.id, "deleted": True} for item in held.values()]


def _subject(price: Price) -> str:
    return f"plan:{price.plan_id}" if price.plan_id else f"add_on:{price.add_on_id}"


def _other_plan(held: dict[str, Any], price: Price) -> Any:
    """One plan takes the place of another."""
    key = next((key for key in held if key.startswith("plan:")), "") if price.plan_id else ""
    return held.pop(key, None)


def _same(row: Price, price: Price) -> bool:
    return _subject(row) == _subject(price) and row.interval == price.interval


def as_held(items: Iterable[Any], want: Wanted) -> Wanted:
    """What is wanted, at the prices that will be paid: what goes on keeps its own."""
    held = {_subject(row): row for row in _rows(items).values()}

    def paid(price: Price) -> Price:
        row = held.get(_subject(price))
        return row if row is not None and _same(row, price) else price

    return Wanted(paid(want.plan), tuple(paid(row) for row in want.add_ons))


def _rows(items: Iterable[Any]) -> dict[str, Price]:
    keys = [item.price.id for item in items]
    return {row.stripe_price_id: row for row in Price.objects.filter(stripe_price_id__in=keys)}


def renewal_lines(want: Wanted) -> tuple[list[Decimal], list[Decimal]]:
    """What each of the plan's periods costs, and beside it each month: euros without VAT, before discounts."""
    beside = [row.amount_excl_vat for row in want.add_ons if row.interval != want.plan.interval]
    return [row.amount_excl_vat for row in want.all if row.interval == want.plan.interval], beside


def require_living(tenant: TenantRef) -> str:
    """The id of the subscription that lives. Raises `ValidationError` where none does."""
    row = row_of(tenant)
    if row is None or row.status not in LIVE:
        raise ValidationError(_("L’espace n’a pas d’abonnement en cours."), code="none")
    return str(row.stripe_id)
