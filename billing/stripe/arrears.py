"""Since when a subscription's money is owed, as Stripe's own objects say: no table, and no matter what came first."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import stripe

from billing.stripe.client import client
from billing.stripe.moments import moment

UNPAID_STATUSES = ("past_due", "unpaid", "canceled")


def unpaid_since(subscription: stripe.Subscription) -> datetime | None:
    """When the oldest unpaid invoice was first to be paid; of a debit, when the bank sent it back.

    None: nothing is owed. Raises `stripe.StripeError`.
    """
    if subscription.status not in UNPAID_STATUSES:
        return None
    starts = [
        start for invoice in _attempted_invoices(subscription) if (start := _unpaid_invoice_since(invoice)) is not None
    ]
    return moment(min(starts)) if starts else None


def _attempted_invoices(subscription: stripe.Subscription) -> Iterator[stripe.Invoice]:
    """Open or given up, and somebody was asked to pay. What a change waits for is a wish, not a debt."""
    change_invoice = subscription.latest_invoice if subscription.pending_update else None
    for status in ("open", "uncollectible"):
        invoices = client().v1.invoices.list({"subscription": subscription.id, "status": status, "limit": 100})
        yield from (
            invoice for invoice in invoices.auto_paging_iter() if invoice.attempted and invoice.id != change_invoice
        )


def _unpaid_invoice_since(invoice: stripe.Invoice) -> int | None:
    """In seconds. A debit takes days and counts as paid meanwhile: only the first attempt says when it was not."""
    requested_at = invoice.status_transitions.finalized_at or invoice.created
    first_charge = min(_charges(invoice), key=lambda charge: (charge.created, charge.id), default=None)
    if (
        first_charge is None
        or first_charge.payment_method_details is None
        or first_charge.payment_method_details.type != "sepa_debit"
    ):
        return requested_at
    if first_charge.status == "pending":
        return None
    returned: Any = first_charge.failure_balance_transaction
    return returned.created if returned else requested_at


def _charges(invoice: stripe.Invoice) -> Iterator[stripe.Charge]:
    """An invoice names what pays it, and this names its attempts."""
    payments = client().v1.invoice_payments.list({"invoice": str(invoice.id), "limit": 100})
    for payment in payments.auto_paging_iter():
        if intent := payment.payment.payment_intent:
            query: Any = {"payment_intent": intent, "expand": ["data.failure_balance_transaction"], "limit": 100}
            yield from client().v1.charges.list(query).auto_paging_iter()
