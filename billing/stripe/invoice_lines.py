"""Lines and amounts of Stripe's invoices in euros, with our product names. Negative amounts are credits."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from billing.stripe.moments import moment
from billing.subscription_types import PreviewLine
from plans.models import Price


def euros_of_cents(cents: int | None) -> Decimal:
    """Stripe's cents as exact euros; 0 for None."""
    return Decimal(cents or 0) / 100


def preview_lines(lines: Iterable[Any]) -> tuple[PreviewLine, ...]:
    """The lines of an invoice, in euros without VAT, after discounts. One query."""
    lines = list(lines)
    price_ids = {_price_id(line) for line in lines}
    prices = Price.objects.filter(stripe_price_id__in=price_ids - {""}).select_related("plan", "add_on")
    names = {row.stripe_price_id: _product_name(row) for row in prices}
    return tuple(_preview_line(line, names.get(_price_id(line)) or str(line.description or "")) for line in lines)


def _preview_line(line: Any, name: str) -> PreviewLine:
    cents = line.amount - sum(part.amount for part in line.discount_amounts or [])
    is_proration = _is_proration(line)
    if is_proration and line.amount < 0:
        name = _("%(name)s : temps non utilisé") % {"name": name}
    elif is_proration:
        until = formats.date_format(timezone.localtime(moment(line.period.end)), "DATE_FORMAT")
        name = _("%(name)s : jusqu’au %(date)s") % {"name": name, "date": until}
    return PreviewLine(name, euros_of_cents(cents), is_proration)


def _is_proration(line: Any) -> bool:
    parent = line.parent
    if parent is None:
        return False
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details")
    return bool(details and details.get("proration"))


def _price_id(line: Any) -> str:
    details = (line.get("pricing") or {}).get("price_details") or {}
    price = details.get("price") or ""
    return str(price if isinstance(price, str) else price["id"])


def _product_name(row: Price) -> str:
    if row.plan is not None:
        return _("Offre %(name)s") % {"name": row.plan.name}
    return _("Option %(name)s") % {"name": _(row.add_on.name)}  # type: ignore[union-attr]


def excl_vat(invoice: Any) -> Decimal:
    """The invoice's total in euros without VAT, after discounts."""
    excl = invoice.get("total_excluding_tax")
    return euros_of_cents(excl if excl is not None else invoice.total)
