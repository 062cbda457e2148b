"""Invoices and receipts of a workspace, read from Stripe at each call because the addresses of documents expire."""

from collections.abc import Iterator
from typing import Any

import stripe

from billing.stripe import invoice_lines
from billing.stripe.client import page_client
from billing.stripe.errors import translated_errors
from billing.stripe.invoice_lines import euros_of_cents, excl_vat
from billing.stripe.moments import moment
from billing.stripe.states import LIVE
from billing.stripe.status import row_of
from billing.subscription_types import Invoice, NextPayment
from tenants.context import TenantRef, public_context

KINDS = ("page", "pdf", "receipt")


class NoSuchDocument(LookupError):
    """Raised if an invoice is not the workspace's, or has no such document."""


def invoices(tenant: TenantRef, limit: int = 24) -> list[Invoice]:
    """Invoices, newest first, without drafts. `limit`: 100 at most. Raises `StripeUnavailable`."""
    customer = _customer_id(tenant)
    if not customer:
        return []
    with translated_errors():
        listed = page_client().v1.invoices.list({"customer": customer, "limit": limit})
        return [_invoice_of(invoice) for invoice in listed.data if invoice.status != "draft"]


def _invoice_of(invoice: Any) -> Invoice:
    excl, total = excl_vat(invoice), euros_of_cents(invoice.total)
    return Invoice(
        id=invoice.id,
        number=invoice.number or "",
        at=moment(invoice.status_transitions.finalized_at or invoice.created),
        status=invoice.status,
        amount_excl_vat=excl,
        amount_vat=total - excl,
        amount_incl_vat=total,
        remaining_incl_vat=euros_of_cents(invoice.amount_remaining),
        is_pending=invoice.status == "open" and _is_pending(invoice.id),
        has_receipt=invoice.status == "paid" and invoice.amount_paid > 0,
    )


def _is_pending(invoice_id: str) -> bool:
    """True while a debit is under way."""
    return any(intent.status == "processing" for intent in _intents(invoice_id))


def _intents(invoice_id: str, *path: str) -> Iterator[Any]:
    expand = [".".join(("data.payment.payment_intent", *path))]
    for invoice in page_client().v1.invoice_payments.list({"invoice": invoice_id, "expand": expand}).data:
        if invoice.payment.payment_intent is not None:
            yield invoice.payment.payment_intent


def document_url(tenant: TenantRef, invoice_id: str, kind: str) -> str:
    """Stripe's current URL of a document. `kind`: one of `KINDS`. Raises `NoSuchDocument`, `StripeUnavailable`."""
    customer = _customer_id(tenant)
    if not customer or not invoice_id.startswith("in_") or kind not in KINDS:
        raise NoSuchDocument(invoice_id)
    with translated_errors():
        invoice = _invoice(invoice_id)
        if invoice is None or invoice.customer != customer or invoice.status == "draft":
            raise NoSuchDocument(invoice_id)
        url = _receipt_url(invoice_id) if kind == "receipt" else _page_url(invoice, kind)
    if not url:
        raise NoSuchDocument(invoice_id)
    return url


def _invoice(invoice_id: str) -> Any:
    try:
        return page_client().v1.invoices.retrieve(invoice_id)
    except stripe.InvalidRequestError:
        return None


def _page_url(invoice: Any, kind: str) -> str:
    return str((invoice.hosted_invoice_url if kind == "page" else invoice.invoice_pdf) or "")


def _receipt_url(invoice_id: str) -> str:
    charges = [intent.latest_charge for intent in _intents(invoice_id, "latest_charge")]
    return next((str(invoice.receipt_url) for invoice in charges if invoice and invoice.receipt_url), "")


def pay_url(tenant: TenantRef) -> str:
    """Stripe's page of the oldest unpaid invoice without a debit under way; "" if there is none.

    Raises `StripeUnavailable`.
    """
    row = row_of(tenant)
    if row is None or not row.stripe_id:
        return ""
    with translated_errors():
        query: Any = {"subscription": row.stripe_id, "status": "open", "limit": 100}
        open_invoices = list(page_client().v1.invoices.list(query).auto_paging_iter())
        unpaid = sorted(
            (invoice for invoice in open_invoices if invoice.amount_remaining > 0), key=lambda invoice: invoice.created
        )
        return next((str(invoice.hosted_invoice_url or "") for invoice in unpaid if not _is_pending(invoice.id)), "")


def next_payment(tenant: TenantRef) -> NextPayment | None:
    """Stripe's preview of the next invoice; None without a live subscription or if it is ending.

    Raises `StripeUnavailable`.
    """
    row = row_of(tenant)
    if row is None or row.status not in LIVE or row.cancel_at_period_end:
        return None
    with translated_errors():
        query: Any = {"subscription": row.stripe_id}
        invoice = page_client().v1.invoices.create_preview(query)
        with public_context():
            lines = invoice_lines.preview_lines(invoice.lines.data)
    due, total = euros_of_cents(invoice.amount_due), euros_of_cents(invoice.total)
    return NextPayment(moment(invoice.period_end), excl_vat(invoice), due, lines, min(due - total, euros_of_cents(0)))


def _customer_id(tenant: TenantRef) -> str:
    row = row_of(tenant)
    return row.stripe_customer_id if row else ""
