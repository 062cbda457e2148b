"""Prices of plans and add-ons. The amount of a price never changes: a new price replaces it."""

from decimal import Decimal

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import User
from plans.models import AddOn, Plan, Price
from tenants.queue import enqueue

Interval = Price.Interval
EUR = "EUR"


def price_set(
    product: Plan | AddOn, *, interval: str, amount_excl_vat: Decimal, actor: User, currency: str = EUR
) -> Price:
    """Replace the active price of a product for an interval and currency; the former price is kept, inactive.

    Idempotent. A price in euros also becomes the price shown on the plan or add-on.
    """
    with transaction.atomic():
        # Serializes price changes of one product.
        type(product)._default_manager.select_for_update().get(pk=product.pk)
        owner = {"plan": product} if isinstance(product, Plan) else {"add_on": product}
        current = Price.objects.filter(interval=interval, currency=currency, is_active=True, **owner).first()
        if current is not None and current.amount_excl_vat == amount_excl_vat:
            return current
        if current is not None:
            current.is_active = False
            current.save(update_fields=["is_active"])
        price = Price.objects.create(interval=interval, currency=currency, amount_excl_vat=amount_excl_vat, **owner)
        _update_shown_price(product, price)
        # A price cannot be sold before Stripe has it. The job does nothing where Stripe is not configured.
        enqueue(settings.PRICES_CHANGED)
        audit.record(
            "tariff.set",
            actor=actor,
            target=product.name,
            interval=interval,
            before=str(current.amount_excl_vat) if current else "—",
            after=f"{amount_excl_vat} {currency}",
        )
    return price


def sync_prices(product: Plan | AddOn, *, actor: User) -> None:
    """Set the active prices of a product to the prices shown on it, after an edit."""
    price_set(product, interval=Interval.MONTH, amount_excl_vat=product.month_price, actor=actor)
    if isinstance(product, Plan):
        price_set(product, interval=Interval.YEAR, amount_excl_vat=product.year_price, actor=actor)


def _update_shown_price(product: Plan | AddOn, price: Price) -> None:
    if price.currency != EUR:
        return
    if price.interval == Interval.MONTH:
        product.month_price = price.amount_excl_vat
        product.save(update_fields=["month_price"])
    elif isinstance(product, Plan):
        product.year_price = price.amount_excl_vat
        product.save(update_fields=["year_price"])
