"""When the arrears of a subscription began, computed from Stripe's invoices and charges.

Nothing is stored, so the result does not depend on the order of webhook events.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import stripe

from billing.stripe.client import client
from billing.stripe.moments import moment

UNPAID_STATUSES = ("past_due", "unpaid", "canceled")


def unpaid_since(subscription: stripe.Subscription) -> datetime | None:
    """When the oldest unpaid invoice became due; for a SEPA debit, when the bank returned it.

    None if nothing is unpaid. Raises `stripe.StripeError`.
    """
    if subscription.status not in UNPAID_STATUSES:
        return None
    starts = [
        start for invoice in _attempted_invoices(subscription) if (start := _unpaid_invoice_since(invoice)) is not None
    ]
    return moment(min(starts)) if starts else None


def _attempted_invoices(subscription: stripe.Subscription) -> Iterator[stripe.Invoice]:
    """Open or uncollectible invoices of which a payment was attempted.

    The invoice of a pending change is left out: the change is not made until it is paid, so nothing is owed.
    """
    change_invoice = subscription.latest_invoice if subscription.pending_update else None
    for status in ("open", "uncollectible"):
        invoices = client().v1.invoices.list({"subscription": subscription.id, "status": status, "limit": 100})
        yield from (
            invoice for invoice in invoices.auto_paging_iter() if invoice.attempted and invoice.id != change_invoice
        )


def _unpaid_invoice_since(invoice: stripe.Invoice) -> int | None:
    """Seconds since 1970; None while a first debit is under way.

    A SEPA debit takes days and counts as paid meanwhile, so the return of the first attempt is what counts.
    """
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
    """All payment attempts of an invoice, through its payment intents."""
    payments = client().v1.invoice_payments.list({"invoice": str(invoice.id), "limit": 100})
    for payment in payments.auto_paging_iter():
        if intent := payment.payment.payment_intent:
            query: Any = {"payment_intent": intent, "expand": ["data.failure_balance_transaction"], "limit": 100}
            yield from client().v1.charges.list(query).auto_paging_iter()
