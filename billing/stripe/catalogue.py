"""Pushes our plans, options, prices, coupons and the portal's configuration to Stripe.

Our rows decide: changes made at Stripe are undone.

A product's id and a price's lookup key are made from our codes, and a price's metadata hold the id of our row, so an
interrupted run can be repeated and a second run does nothing.
"""

from collections.abc import Iterator
from typing import Any

import stripe
from django.db import transaction

from billing.stripe import coupons, portal_configuration
from billing.stripe.client import client, is_on
from plans.models import AddOn, Plan, Price

Action = tuple[str, str]  # what was done, to what


def push() -> list[Action]:
    """Push the whole catalogue; return the actions taken. Raises `ValidationError` if Stripe is off, `StripeError`."""
    actions: list[Action] = []
    products: list[Plan | AddOn] = [*Plan.objects.all(), *AddOn.objects.all()]
    for product in products:
        actions += _push_product(product)
        actions += _push_prices(product)
    return [*actions, *coupons.push(), *portal_configuration.push()]


def push_in_background() -> int:
    """Job: `push` after a price was set; returns the number of actions, 0 if Stripe is off."""
    return len(push()) if is_on() else 0


def product_id(product: Plan | AddOn) -> str:
    """The product's id at Stripe."""
    return f"ruche_{_kind_of(product)}_{product.code}"


def lookup_key(price: Price) -> str:
    """Stripe's lookup key of the price in force; it is transferred to the next price."""
    return f"{product_id(_product_of(price))}_{price.interval}_{price.currency.lower()}"


def _product_of(price: Price) -> Plan | AddOn:
    """The plan or option of a price; a database constraint ensures that exactly one is set."""
    return price.plan or price.add_on  # type: ignore[return-value]


def _kind_of(product: Plan | AddOn) -> str:
    return "plan" if isinstance(product, Plan) else "add_on"


def _push_product(product: Plan | AddOn) -> Iterator[Action]:
    key = product_id(product)
    fields: dict[str, Any] = {
        "name": product.name,
        "active": product.is_offered if isinstance(product, Plan) else True,
        "metadata": {"ruche_kind": _kind_of(product), "ruche_code": product.code},
    }
    try:
        existing = client().v1.products.retrieve(key)
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        client().v1.products.create({"id": key, **fields})  # type: ignore[typeddict-item]
        yield "product created", key
        return
    if any(_to_plain(getattr(existing, name)) != value for name, value in fields.items()):
        client().v1.products.update(key, fields)  # type: ignore[arg-type]
        yield "product updated", key


def _to_plain(value: Any) -> Any:
    return value.to_dict() if isinstance(value, stripe.StripeObject) else value


def _push_prices(product: Plan | AddOn) -> Iterator[Action]:
    listed = client().v1.prices.list({"product": product_id(product), "limit": 100})
    existing = {price.id: price for price in listed.auto_paging_iter()}
    by_metadata = {
        price.metadata["ruche_price"]: price for price in existing.values() if "ruche_price" in price.metadata
    }
    # Prices out of force come first, so that their lookup key is free for the price in force.
    for price in product.prices.order_by("is_active", "created_at"):
        stripe_price = existing.get(price.stripe_price_id) or by_metadata.get(str(price.pk))
        if price.is_active:
            yield from _push_active(price, stripe_price)
        elif stripe_price is not None:
            yield from _archive_price(price, stripe_price)


def _push_active(price: Price, stripe_price: stripe.Price | None) -> Iterator[Action]:
    key = lookup_key(price)
    if stripe_price is None:
        stripe_price = _create_price(price, key)
        yield "price created", f"{key} {price.amount_excl_vat} {price.currency}"
    elif not stripe_price.active or stripe_price.lookup_key != key:
        client().v1.prices.update(stripe_price.id, {"active": True, "lookup_key": key, "transfer_lookup_key": True})
        yield "price put in force", key
    _store_ids(price, stripe_price.id, key)


def _create_price(price: Price, key: str) -> stripe.Price:
    return client().v1.prices.create(
        {
            "product": product_id(_product_of(price)),
            "currency": price.currency.lower(),
            "unit_amount": amount_cents(price),
            "recurring": {"interval": price.interval},
            "tax_behavior": "exclusive",
            "lookup_key": key,
            "transfer_lookup_key": True,
            "metadata": {"ruche_price": str(price.pk)},
        },
        {"idempotency_key": f"ruche-price-{price.pk}"},
    )


def amount_cents(price: Price) -> int:
    """A price without VAT in cents, exact because the column has two decimals."""
    return int(price.amount_excl_vat * 100)


def _archive_price(price: Price, stripe_price: stripe.Price) -> Iterator[Action]:
    _store_ids(price, stripe_price.id, "")
    if stripe_price.active:
        client().v1.prices.update(stripe_price.id, {"active": False})
        yield "price archived", f"{stripe_price.id} {price.amount_excl_vat} {price.currency}"


def _store_ids(price: Price, stripe_price_id: str, key: str) -> None:
    if (price.stripe_price_id, price.lookup_key) == (stripe_price_id, key):
        return
    with transaction.atomic():
        if key:
            Price.objects.filter(lookup_key=key).exclude(pk=price.pk).update(lookup_key="")
        price.stripe_price_id, price.lookup_key = stripe_price_id, key
        price.save(update_fields=["stripe_price_id", "lookup_key"])
