"""Types passed between services and pages of plan, payment and invoices.

Amounts are euros as Decimal; names end in `_excl_vat` or `_incl_vat`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from usage.types import Gauge

__all__ = [
    "AcceptedTerms",
    "ChangeResult",
    "Choice",
    "CounterOffer",
    "Current",
    "Invoice",
    "NextPayment",
    "Preview",
    "PreviewLine",
    "StripeUnavailable",
]


class StripeUnavailable(Exception):
    """Raised if Stripe does not answer or answers with an error. As far as known, nothing was changed."""


@dataclass(frozen=True)
class Choice:
    """The complete choice of plan and options, not a difference. `interval`: "month" or "year"; `add_ons`: codes."""

    plan: str
    interval: str = "month"
    add_ons: tuple[str, ...] = ()
    promotion_code: str = ""


@dataclass(frozen=True)
class AcceptedTerms:
    """The id of the accepted version of the terms of sale (None: not accepted), and the IP address of the request."""

    version: UUID | None
    origin: str = ""


@dataclass(frozen=True)
class Current:
    """The present subscription of a workspace, from our own rows.

    `is_live`: there is a live subscription. `status`: Stripe's, "" without a subscription. `choice`: what is paid for;
    None without a live subscription. `period_end`: date of renewal or, with `ends`, of the end. `discount`,
    `payment_method`: French descriptions or "". `monthly_excl_vat`: MRR. `change_waits`: a change is pending until it
    is paid.
    """

    is_live: bool
    status: str = ""
    choice: Choice | None = None
    period_end: datetime | None = None
    ends: bool = False
    past_due_since: datetime | None = None
    payment_method: str = ""
    discount: str = ""
    monthly_excl_vat: Decimal = Decimal(0)
    change_waits: bool = False


@dataclass(frozen=True)
class PreviewLine:
    """One line of a coming invoice; a negative amount is a credit. `is_proration`: for the rest of a begun period."""

    text: str
    amount_excl_vat: Decimal
    is_proration: bool = False


@dataclass(frozen=True)
class Preview:
    """The cost of an immediate change, calculated by Stripe for `at` (seconds since 1970, passed back to `change`).

    `due_now_excl_vat`, `due_now_vat`: invoiced at once (0 for nothing); `due_now_incl_vat`: amount charged, after
    earlier credits (`credit_used_incl_vat`, negative). `credit_excl_vat`: credit on the following invoices.
    `renewal_*`: cost per period (`interval`) from `renews_at` on, before discounts; `monthly_beside_excl_vat`: options
    paid by the month beside a yearly plan. `exceeded`: gauges whose use is above the limits of the new plan.
    """

    at: int
    lines: tuple[PreviewLine, ...]
    due_now_excl_vat: Decimal
    due_now_vat: Decimal
    due_now_incl_vat: Decimal
    credit_excl_vat: Decimal
    renewal_excl_vat: Decimal
    renewal_incl_vat: Decimal
    renews_at: datetime | None
    interval: str
    monthly_beside_excl_vat: Decimal = Decimal(0)
    exceeded: tuple[Gauge, ...] = ()
    credit_used_incl_vat: Decimal = Decimal(0)


@dataclass(frozen=True)
class ChangeResult:
    """The result of a change. `pay_url`: Stripe's page for a confirmation or another card; until paid, not `done`."""

    done: bool
    pay_url: str = ""


@dataclass(frozen=True)
class NextPayment:
    """Stripe's preview of the next invoice. `credit_incl_vat`: earlier credits used by it, negative."""

    at: datetime
    amount_excl_vat: Decimal
    amount_incl_vat: Decimal
    lines: tuple[PreviewLine, ...] = ()
    credit_incl_vat: Decimal = Decimal(0)


@dataclass(frozen=True)
class Invoice:
    """One of Stripe's invoices. `status`: "paid", "open", "void", "uncollectible"; `is_pending`: a debit is under way.

    Addresses of its documents expire and are requested when opened (`documents.document_url`).
    """

    id: str
    number: str
    at: datetime
    status: str
    amount_excl_vat: Decimal
    amount_vat: Decimal
    amount_incl_vat: Decimal
    remaining_incl_vat: Decimal
    is_pending: bool = False
    has_receipt: bool = False


@dataclass(frozen=True)
class CounterOffer:
    """An offer to an owner who cancels. `kind`: "coupon", "plan" (a cheaper one) or "talk"; `code`: of coupon or plan.

    `text`: the name of the coupon or plan, a French msgid. `saves_excl_vat`: euros a month, None if unknown. `details`:
    of a coupon, see `cancellation.details_of`.
    """

    kind: str
    code: str = ""
    text: str = ""
    saves_excl_vat: Decimal | None = None
    details: dict[str, str] = field(default_factory=dict)
