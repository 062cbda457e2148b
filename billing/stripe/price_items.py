"""Prices of a choice of plan and options, and the changes of a Stripe subscription's items that lead to it."""

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
from tenants.platform import platform

Interval = Price.Interval


@dataclass(frozen=True)
class PriceSelection:
    """The prices of a choice, the plan's first."""

    plan: Price
    add_ons: tuple[Price, ...]

    @property
    def all(self) -> tuple[Price, ...]:
        return (self.plan, *self.add_ons)


def select_prices(choice: Choice, *, owned: Choice | None = None) -> PriceSelection:
    """The prices in force of a choice. Raises `ValidationError` for anything that is not for sale.

    `owned`: the workspace's present choice, whose plan and options it may keep although they are no longer offered.
    """
    plan = Plan.objects.filter(code=choice.plan).first()
    if plan is None or not (plan.is_offered or (owned and owned.plan == plan.code)):
        raise ValidationError(_("Cette offre n’est pas en vente."), code="plan")
    if choice.interval not in Interval.values:
        raise ValidationError(_("Choisissez un paiement au mois ou à l’année."), code="interval")
    add_ons = AddOn.objects.filter(code__in=choice.add_ons).prefetch_related("entitlements")
    sellable_codes = {option.code for option in modules.sellable(add_ons, owned=owned.add_ons if owned else ())}
    if sellable_codes != set(choice.add_ons):
        raise ValidationError(_("Cette option n’est pas en vente."), code="add_on")
    return PriceSelection(
        _price(choice.interval, plan_id=plan.code),
        tuple(_add_on_price(code, choice.interval) for code in sorted(sellable_codes)),
    )


def _add_on_price(code: str, interval: str) -> Price:
    """The yearly price beside a yearly plan if the option has one, otherwise the monthly price."""
    rows = Price.objects.filter(add_on_id=code, is_active=True, currency=EUR)
    if interval == Interval.YEAR and rows.filter(interval=interval).exists():
        return _price(interval, add_on_id=code)
    return _price(Interval.MONTH, add_on_id=code)


def _price(interval: str, **product: Any) -> Price:
    row: Price | None = Price.objects.filter(interval=interval, is_active=True, currency=EUR, **product).first()
    if row is None:
        raise ValidationError(
            _("Il n’y a pas de tarif pour cette période. Demandez-le à %(operator)s."),
            code="price",
            params={"operator": platform().contact},
        )
    if not row.stripe_price_id:
        raise ValidationError(
            _("Cette offre n’est pas encore en vente en ligne. Voyez avec %(operator)s."),
            code="push",
            params={"operator": platform().contact},
        )
    return row


def item_changes(items: Iterable[Any], selection: PriceSelection) -> list[dict[str, Any]]:
    """The `items` parameter of Stripe's subscription update; empty if nothing changes.

    An item that continues keeps its price even if another price is in force. Items with unknown prices stay.
    """
    items = list(items)
    rows = _prices_of(items)
    by_product = {_product_key(rows[item.price.id]): item for item in items if item.price.id in rows}
    changes = []
    for price in selection.all:
        item = by_product.pop(_product_key(price), None) or _pop_plan(by_product, price)
        if item is None:
            changes.append({"price": price.stripe_price_id, "quantity": 1})
        elif not _is_same_product_and_interval(rows[item.price.id], price):
            changes.append({"id": item.id, "price": price.stripe_price_id})
    return changes + [{"id": item.id, "deleted": True} for item in by_product.values()]


def _product_key(price: Price) -> str:
    return f"plan:{price.plan_id}" if price.plan_id else f"add_on:{price.add_on_id}"


def _pop_plan(by_product: dict[str, Any], price: Price) -> Any:
    """The item of the present plan, which the new plan's price replaces; None for an option's price."""
    key = next((key for key in by_product if key.startswith("plan:")), "") if price.plan_id else ""
    return by_product.pop(key, None)


def _is_same_product_and_interval(row: Price, price: Price) -> bool:
    return _product_key(row) == _product_key(price) and row.interval == price.interval


def with_current_prices(items: Iterable[Any], selection: PriceSelection) -> PriceSelection:
    """The selection at the prices that will be charged: items that continue keep their present price."""
    by_product = {_product_key(row): row for row in _prices_of(items).values()}

    def current_price_of(price: Price) -> Price:
        row = by_product.get(_product_key(price))
        return row if row is not None and _is_same_product_and_interval(row, price) else price

    return PriceSelection(current_price_of(selection.plan), tuple(current_price_of(row) for row in selection.add_ons))


def _prices_of(items: Iterable[Any]) -> dict[str, Price]:
    keys = [item.price.id for item in items]
    return {row.stripe_price_id: row for row in Price.objects.filter(stripe_price_id__in=keys)}


def renewal_amounts(selection: PriceSelection) -> tuple[list[Decimal], list[Decimal]]:
    """Amounts charged per period of the plan, and amounts charged per month beside a yearly plan.

    Both in euros without VAT, before discounts.
    """
    monthly_beside = [row.amount_excl_vat for row in selection.add_ons if row.interval != selection.plan.interval]
    return [row.amount_excl_vat for row in selection.all if row.interval == selection.plan.interval], monthly_beside


def require_live_subscription(tenant: TenantRef) -> str:
    """Stripe's id of the live subscription. Raises `ValidationError` if there is none."""
    row = row_of(tenant)
    if row is None or row.status not in LIVE:
        raise ValidationError(_("L’espace n’a pas d’abonnement en cours."), code="none")
    return str(row.stripe_id)
