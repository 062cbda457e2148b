"""What the pages of plan, payment and invoices ask for and show. Euros are Decimal; names say with VAT or without."""

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
    """Raised where Stripe does not answer, or not as it should. As far as is known, nothing was done."""


@dataclass(frozen=True)
class Choice:
    """All that a workspace wants to have, not what differs. `interval`: "month" or "year"; `add_ons`: codes."""

    plan: str
    interval: str = "month"
    add_ons: tuple[str, ...] = ()
    promotion_code: str = ""


@dataclass(frozen=True)
class AcceptedTerms:
    """The version of the terms of sale that a buyer accepted by an act (None: nothing was accepted), and from where."""

    version: UUID | None
    origin: str = ""


@dataclass(frozen=True)
class Current:
    """What a workspace has, from our own rows: no page has to ask Stripe for it.

    `is_live`: there is a subscription that charges. `status` is Stripe's word, empty without one. `choice`: what it
    pays for; None where nothing lives. `period_end`: when it renews or, with `ends`, when it ends.
    `discount`, `payment_method`: words for people, or empty. `monthly_excl_vat`: what it brings a month.
    `change_waits`: one is put aside until it is paid.
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
    """One line of an invoice to come; negative: given back. `is_proration`: for the rest of a period under way."""

    text: str
    amount_excl_vat: Decimal
    is_proration: bool = False


@dataclass(frozen=True)
class Preview:
    """What a change costs, as Stripe would count it at `at` (seconds since 1970; handed back to make the same change).

    `due_now_excl_vat`, `due_now_vat`: invoiced at once (0: nothing); `due_now_incl_vat`: charged of it, less what was
    given back before (`credit_used_incl_vat`, negative). `credit_excl_vat`: given back on the next invoices.
    `renewal_*`: each period (`interval`) from `renews_at` on, before discounts; `monthly_beside_excl_vat`: options paid
    by the month beside a year's plan. `exceeded`: what is used today beyond what the new plan gives. The change takes
    place at once.
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
    """How a change went. `pay_url`: where the bank is asked, or another card given; until then nothing changed."""

    done: bool
    pay_url: str = ""


@dataclass(frozen=True)
class NextPayment:
    """The next invoice as Stripe counts it today. `credit_incl_vat`, negative: what was given back and is taken off."""

    at: datetime
    amount_excl_vat: Decimal
    amount_incl_vat: Decimal
    lines: tuple[PreviewLine, ...] = ()
    credit_incl_vat: Decimal = Decimal(0)


@dataclass(frozen=True)
class Invoice:
    """One of Stripe's invoices. `status`: "paid", "open", "void", "uncollectible"; `is_pending`: a debit is under way.

    Its documents are asked for when they are opened: Stripe's addresses expire.
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
    """What somebody who means to leave is offered. `kind`: "coupon" (`code` its code), "plan" (a cheaper one), "talk".

    `text`: in people's words. `saves_excl_vat`: euros a month, where that can be said.
    """

    kind: str
    code: str = ""
    text: str = ""
    saves_excl_vat: Decimal | None = None
    details: dict[str, str] = field(default_factory=dict)
