"""What selling needs from the first day: a counter-offer and terms of sale. What an operator changed is left alone."""

from decimal import Decimal
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext_noop

from billing import terms
from billing.models import Coupon

TEXTS = Path(__file__).parent / "texts"
# What somebody who means to leave is offered, until the operator chooses something else.
COUNTER_OFFER = {"name": gettext_noop("Fidélité"), "percent_off": Decimal(20), "duration": "repeating", "months": 3}


@transaction.atomic
def seed() -> None:
    """Idempotent."""
    if not Coupon.objects.exists():
        Coupon.objects.create(code="fidelite", is_counter_offer=True, **COUNTER_OFFER)
    _terms_once()


def _terms_once() -> None:
    """A model with gaps, so that an order can be tried: the operator publishes the real ones in the console."""
    if terms.current() is None:
        french, english = (TEXTS / f"terms.{language}.txt" for language in ("fr", "en"))
        terms.publish(text=french.read_text("utf-8"), translation=english.read_text("utf-8"), label="Ruche")
