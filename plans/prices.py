"""Prices of plans and options. What a price asks never changes: another price takes its place."""

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
    of_what: Plan | AddOn, *, interval: str, amount_excl_vat: Decimal, actor: User, currency: str = EUR
) -> Price:
    """The price of a plan or option from now on, in `currency`; the one before is kept, out of force.

    The same price again changes nothing. In euros it is also the plan's or option's own shown price.
    """
    with transaction.atomic():
        # One at a time for each plan or option.
        type(of_what)._default_manager.select_for_update().get(pk=of_what.pk)
        mine = {"plan": of_what} if isinstance(of_what, Plan) else {"add_on": of_what}
        before = Price.objects.filter(interval=interval, currency=currency, is_active=True, **mine).first()
        if before is not None and before.amount_excl_vat == amount_excl_vat:
            return before
        if before is not None:
            before.is_active = False
            before.save(update_fields=["is_active"])
        row = Price.objects.create(interval=interval, currency=currency, amount_excl_vat=amount_excl_vat, **mine)
        _show(of_what, row)
        # Nothing is sold at a price that Stripe does not know; the job does nothing where Stripe is off.
        enqueue(settings.PRICES_CHANGED)
        audit.record(
            "tariff.set",
            actor=actor,
            target=of_what.name,
            interval=interval,
            before=str(before.amount_excl_vat) if before else "—",
            after=f"{amount_excl_vat} {currency}",
        )
    return row


def prices_follow(of_what: Plan | AddOn, *, actor: User) -> None:
    """The prices shown on a plan or option were written: its rows of `Price` say the same."""
    price_set(of_what, interval=Interval.MONTH, amount_excl_vat=of_what.month_price, actor=actor)
    if isinstance(of_what, Plan):
        price_set(of_what, interval=Interval.YEAR, amount_excl_vat=of_what.year_price, actor=actor)


def _show(of_what: Plan | AddOn, price: Price) -> None:
    if price.currency != EUR:
        return
    if price.interval == Interval.MONTH:
        of_what.month_price = price.amount_excl_vat
        of_what.save(update_fields=["month_price"])
    elif isinstance(of_what, Plan):
        of_what.year_price = price.amount_excl_vat
        of_what.save(update_fields=["year_price"])
