"""Initial rows that selling needs: a counter-offer and terms of sale. Existing rows are left unchanged."""

from decimal import Decimal
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext_noop

from billing import terms
from billing.models import Coupon

TEXTS = Path(__file__).parent / "texts"
# The counter-offer on cancellation until the operator chooses another coupon.
COUNTER_OFFER = {"name": gettext_noop("Fidélité"), "percent_off": Decimal(20), "duration": "repeating", "months": 3}


@transaction.atomic
def seed() -> None:
    """Create the rows that are missing. Idempotent."""
    if not Coupon.objects.exists():
        Coupon.objects.create(code="fidelite", is_counter_offer=True, **COUNTER_OFFER)
    _terms_once()


def _terms_once() -> None:
    """Publish a template with gaps, so that orders can be tried. The operator publishes the real terms later."""
    if terms.current() is None:
        french, english = (TEXTS / f"terms.{language}.txt" for language in ("fr", "en"))
        terms.publish(text=french.read_text("utf-8"), translation=english.read_text("utf-8"), label="Ruche")
