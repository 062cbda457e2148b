"""Our plans, options, prices, coupons and portal, made known to Stripe.

Ours are the truth: what was changed over there is set back.

A product's id and a price's lookup key come from our codes, a price's metadata names our row: a run that was cut
short is taken up where it stopped, and a second run finds nothing to do.
"""

from collections.abc import Iterator
from typing import Any

import stripe
from django.db import transaction

from billing.stripe import coupons, portal_configuration
from billing.stripe.client import client, is_on
from plans.models import AddOn, Plan, Price

Done = tuple[str, str]  # what was done, to what


def push() -> list[Done]:
    """Make Stripe's catalogue say what ours says; what was done. Raises `ValidationError`, `stripe.StripeError`."""
    done: list[Done] = []
    sold: list[Plan | AddOn] = [*Plan.objects.all(), *AddOn.objects.all()]
    for one in sold:
        done += _product(one)
        done += _prices(one)
    return [*done, *coupons.push(), *portal_configuration.push()]


def push_in_background() -> int:
    """Job: the same, after a price was set; how much was done."""
    return len(push()) if is_on() else 0


def product_id(of_what: Plan | AddOn) -> str:
    """The id of its product at Stripe."""
    return f"ruche_{_kind(of_what)}_{of_what.code}"


def lookup_key(price: Price) -> str:
    """Where the price in force is found at Stripe; it moves to the next one."""
    return f"{product_id(_sold(price))}_{price.interval}_{price.currency.lower()}"


def _sold(price: Price) -> Plan | AddOn:
    """A row has one of them, says the database."""
    return price.plan or price.add_on  # type: ignore[return-value]


def _kind(of_what: Plan | AddOn) -> str:
    return "plan" if isinstance(of_what, Plan) else "add_on"


def _product(one: Plan | AddOn) -> Iterator[Done]:
    key = product_id(one)
    wanted: dict[str, Any] = {
        "name": one.name,
        "active": one.is_offered if isinstance(one, Plan) else True,
        "metadata": {"ruche_kind": _kind(one), "ruche_code": one.code},
    }
    try:
        there = client().v1.products.retrieve(key)
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        client().v1.products.create({"id": key, **wanted})  # type: ignore[typeddict-item]
        yield "product created", key
        return
    if any(_plain(getattr(there, name)) != value for name, value in wanted.items()):
        client().v1.products.update(key, wanted)  # type: ignore[arg-type]
        yield "product updated", key


def _plain(value: Any) -> Any:
    return value.to_dict() if isinstance(value, stripe.StripeObject) else value


def _prices(one: Plan | AddOn) -> Iterator[Done]:
    listed = client().v1.prices.list({"product": product_id(one), "limit": 100})
    there = {price.id: price for price in listed.auto_paging_iter()}
    by_row = {price.metadata["ruche_price"]: price for price in there.values() if "ruche_price" in price.metadata}
    # What is out of force first gives its key away.
    for row in one.prices.order_by("is_active", "created_at"):
        known = there.get(row.stripe_price_id) or by_row.get(str(row.pk))
        if row.is_active:
            yield from _in_force(row, known)
        elif known is not None:
            yield from _archive(row, known)


def _in_force(row: Price, known: stripe.Price | None) -> Iterator[Done]:
    key = lookup_key(row)
    if known is None:
        known = _create(row, key)
        yield "price created", f"{key} {row.amount_excl_vat} {row.currency}"
    elif not known.active or known.lookup_key != key:
        client().v1.prices.update(known.id, {"active": True, "lookup_key": key, "transfer_lookup_key": True})
        yield "price put in force", key
    _keep(row, known.id, key)


def _create(row: Price, key: str) -> stripe.Price:
    return client().v1.prices.create(
        {
            "product": product_id(_sold(row)),
            "currency": row.currency.lower(),
            "unit_amount": amount_cents(row),
            "recurring": {"interval": row.interval},
            "tax_behavior": "exclusive",
            "lookup_key": key,
            "transfer_lookup_key": True,
            "metadata": {"ruche_price": str(row.pk)},
        },
        {"idempotency_key": f"ruche-price-{row.pk}"},
    )


def amount_cents(row: Price) -> int:
    """A price without VAT, in cents. Its row has two decimals: nothing is rounded."""
    return int(row.amount_excl_vat * 100)


def _archive(row: Price, known: stripe.Price) -> Iterator[Done]:
    _keep(row, known.id, "")
    if known.active:
        client().v1.prices.update(known.id, {"active": False})
        yield "price archived", f"{known.id} {row.amount_excl_vat} {row.currency}"


def _keep(row: Price, stripe_price_id: str, key: str) -> None:
    if (row.stripe_price_id, row.lookup_key) == (stripe_price_id, key):
        return
    with transaction.atomic():
        if key:
            Price.objects.filter(lookup_key=key).exclude(pk=row.pk).update(lookup_key="")
        row.stripe_price_id, row.lookup_key = stripe_price_id, key
        row.save(update_fields=["stripe_price_id", "lookup_key"])
