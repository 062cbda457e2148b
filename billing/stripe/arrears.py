"""Since when a subscription's money is owed, as Stripe's own objects say: no table, and no matter what came first."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import stripe

from billing.stripe.client import client
from billing.stripe.moments import moment

OWING = ("past_due", "unpaid", "canceled")


def owing_since(chosen: stripe.Subscription) -> datetime | None:
    """When the oldest unpaid invoice was first to be paid; of a debit, when the bank sent it back.

    None: nothing is owed. Raises `stripe.StripeError`.
    """
    if chosen.status not in OWING:
        return None
    moments = [since for invoice in _tried(chosen) if (since := _from(invoice)) is not None]
    return moment(min(moments)) if moments else None


def _tried(chosen: stripe.Subscription) -> Iterator[stripe.Invoice]:
    """Open or given up, and somebody was asked to pay. What a change waits for is a wish, not a debt."""
    wished = chosen.latest_invoice if chosen.pending_update else None
    for status in ("open", "uncollectible"):
        listed = client().v1.invoices.list({"subscription": chosen.id, "status": status, "limit": 100})
        yield from (one for one in listed.auto_paging_iter() if one.attempted and one.id != wished)


def _from(invoice: stripe.Invoice) -> int | None:
    """In seconds. A debit takes days and counts as paid meanwhile: only the first attempt says when it was not."""
    asked = invoice.status_transitions.finalized_at or invoice.created
    first = min(_charges(invoice), key=lambda charge: (charge.created, charge.id), default=None)
    if first is None or first.payment_method_details is None or first.payment_method_details.type != "sepa_debit":
        return asked
    if first.status == "pending":
        return None
    returned: Any = first.failure_balance_transaction
    return returned.created if returned else asked


def _charges(invoice: stripe.Invoice) -> Iterator[stripe.Charge]:
    """An invoice names what pays it, and this names its attempts."""
    payments = client().v1.invoice_payments.list({"invoice": str(invoice.id), "limit": 100})
    for payment in payments.auto_paging_iter():
        if intent := payment.payment.payment_intent:
            known: Any = {"payment_intent": intent, "expand": ["data.failure_balance_transaction"], "limit": 100}
            yield from client().v1.charges.list(known).auto_paging_iter()
