"""Stripe's invoices and receipts of a workspace, as they are now. Addresses expire: each is asked for anew."""

from collections.abc import Iterator
from typing import Any

import stripe

from billing.stripe import invoice_lines
from billing.stripe.client import page_client
from billing.stripe.errors import asking
from billing.stripe.invoice_lines import euros_of_cents, excl_vat
from billing.stripe.moments import moment
from billing.stripe.states import LIVE
from billing.stripe.status import row_of
from billing.subscription_types import Invoice, NextPayment
from tenants.context import TenantRef, public_context

KINDS = ("page", "pdf", "receipt")


class NoSuchDocument(LookupError):
    """Raised where an invoice is not the workspace's, or has no such document."""


def invoices(tenant: TenantRef, limit: int = 24) -> list[Invoice]:
    """Newest first; without drafts. `limit`: 100 at most."""
    customer = _customer(tenant)
    if not customer:
        return []
    with asking():
        listed = page_client().v1.invoices.list({"customer": customer, "limit": limit})
        return [_shown(one) for one in listed.data if one.status != "draft"]


def _shown(one: Any) -> Invoice:
    net, total = excl_vat(one), euros_of_cents(one.total)
    return Invoice(
        id=one.id,
        number=one.number or "",
        at=moment(one.status_transitions.finalized_at or one.created),
        status=one.status,
        amount_excl_vat=net,
        amount_vat=total - net,
        amount_incl_vat=total,
        remaining_incl_vat=euros_of_cents(one.amount_remaining),
        is_pending=one.status == "open" and _is_pending(one.id),
        has_receipt=one.status == "paid" and one.amount_paid > 0,
    )


def _is_pending(invoice_id: str) -> bool:
    """True while a debit is under way."""
    return any(intent.status == "processing" for intent in _intents(invoice_id))


def _intents(invoice_id: str, *deeper: str) -> Iterator[Any]:
    expand = [".".join(("data.payment.payment_intent", *deeper))]
    for one in page_client().v1.invoice_payments.list({"invoice": invoice_id, "expand": expand}).data:
        if one.payment.payment_intent is not None:
            yield one.payment.payment_intent


def document_url(tenant: TenantRef, invoice_id: str, kind: str) -> str:
    """Stripe's address of one document, as of now. `kind` is one of `KINDS`. Raises `NoSuchDocument`, `StripeAway`."""
    customer = _customer(tenant)
    if not customer or not invoice_id.startswith("in_") or kind not in KINDS:
        raise NoSuchDocument(invoice_id)
    with asking():
        found = _invoice(invoice_id)
        if found is None or found.customer != customer or found.status == "draft":
            raise NoSuchDocument(invoice_id)
        url = _receipt(invoice_id) if kind == "receipt" else _page(found, kind)
    if not url:
        raise NoSuchDocument(invoice_id)
    return url


def _invoice(invoice_id: str) -> Any:
    try:
        return page_client().v1.invoices.retrieve(invoice_id)
    except stripe.InvalidRequestError:
        # Stripe does not have it.
        return None


def _page(invoice: Any, kind: str) -> str:
    return str((invoice.hosted_invoice_url if kind == "page" else invoice.invoice_pdf) or "")


def _receipt(invoice_id: str) -> str:
    charges = [intent.latest_charge for intent in _intents(invoice_id, "latest_charge")]
    return next((str(one.receipt_url) for one in charges if one and one.receipt_url), "")


def pay_url(tenant: TenantRef) -> str:
    """Stripe's page of the oldest invoice that is to be paid; "": nothing is, or a debit is under way."""
    row = row_of(tenant)
    if row is None or not row.stripe_id:
        return ""
    with asking():
        asked: Any = {"subscription": row.stripe_id, "status": "open", "limit": 100}
        found = list(page_client().v1.invoices.list(asked).auto_paging_iter())
        due = sorted((one for one in found if one.amount_remaining > 0), key=lambda one: one.created)
        return next((str(one.hosted_invoice_url or "") for one in due if not _is_pending(one.id)), "")


def next_payment(tenant: TenantRef) -> NextPayment | None:
    """The next invoice as Stripe counts it today; None where none will come."""
    row = row_of(tenant)
    if row is None or row.status not in LIVE or row.cancel_at_period_end:
        return None
    with asking():
        asked: Any = {"subscription": row.stripe_id}
        invoice = page_client().v1.invoices.create_preview(asked)
        with public_context():
            lines = invoice_lines.in_words(invoice.lines.data)
    due, total = euros_of_cents(invoice.amount_due), euros_of_cents(invoice.total)
    return NextPayment(moment(invoice.period_end), excl_vat(invoice), due, lines, min(due - total, euros_of_cents(0)))


def _customer(tenant: TenantRef) -> str:
    row = row_of(tenant)
    return row.stripe_customer_id if row else ""
