"""Changes of plan, period or options: a preview of the exact cost, then the same change, with immediate effect.

The cost of a change is charged when it is made; a negative cost is a credit on the following invoices. If the payment
is refused or needs a confirmation, Stripe keeps the change as a pending update until it is paid, or drops it:
https://docs.stripe.com/billing/subscriptions/pending-updates
"""

import time
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing import terms
from billing.quotes import amounts
from billing.stripe import code_uses, coupons, invoice_lines
from billing.stripe.client import client, page_client
from billing.stripe.descriptions import payment_method_type
from billing.stripe.errors import translated_errors
from billing.stripe.invoice_lines import euros_of_cents, excl_vat
from billing.stripe.moments import moment
from billing.stripe.price_items import (
    PriceSelection,
    item_changes,
    renewal_amounts,
    require_live_subscription,
    select_prices,
    with_current_prices,
)
from billing.stripe.profiles import vat_of
from billing.stripe.status import current
from billing.stripe.sync import refresh_after_act
from billing.stripe.turns import turn
from billing.subscription_types import AcceptedTerms, ChangeResult, Choice, Current, Preview
from plans.meters import METERS, Kind
from plans.models import Entitlement
from tenants.context import TenantRef, public_context, tenant_context
from usage import selectors
from usage.types import Gauge

# How long a preview can be applied with the amounts shown; after that it is calculated again.
PREVIEW_VALID_SECONDS = 900
UNPAID_STATUSES = ("past_due", "unpaid")
EXPAND = ["default_payment_method", "customer.invoice_settings.default_payment_method", "discounts"]


def preview(tenant: TenantRef, choice: Choice) -> Preview:
    """The cost of a change made now. Nothing is changed.

    Raises `ValidationError` for a refused change and for a choice that changes nothing, `StripeUnavailable`.
    """
    with translated_errors(), public_context():
        planned = _plan_change(tenant, choice, page_client())
        at = int(time.time())
        return _preview(tenant, choice, planned.selection, _preview_invoice(page_client(), planned, at), at)


class PlannedChange(NamedTuple):
    """Stripe's subscription, the prices after the change, and the `items` and `discounts` parameters of its update."""

    subscription: Any
    selection: PriceSelection
    items: list[dict[str, Any]]
    discounts: dict[str, Any]


def _preview_invoice(stripe_client: Any, planned: PlannedChange, at: int) -> Any:
    """Stripe's preview of the invoice of a change made `at` (seconds since 1970)."""
    details = {"items": planned.items, "proration_behavior": "always_invoice", "proration_date": at}
    parameters = {"subscription": planned.subscription.id, "subscription_details": details, **planned.discounts}
    return stripe_client.v1.invoices.create_preview(parameters)


def _plan_change(tenant: TenantRef, choice: Choice, stripe_client: Any) -> PlannedChange:
    subscription = stripe_client.v1.subscriptions.retrieve(require_live_subscription(tenant), {"expand": EXPAND})
    if subscription.status in UNPAID_STATUSES:
        raise ValidationError(_("Réglez d’abord la facture en attente, puis changez d’offre."), code="owing")
    if subscription.cancel_at_period_end or subscription.cancel_at:
        raise ValidationError(_("L’abonnement prend fin : reprenez-le d’abord, puis changez d’offre."), code="ending")
    selection = select_prices(choice, owned=current(tenant).choice)
    items_now = subscription["items"].data
    items = item_changes(items_now, selection)
    discounts = _discounts(tenant, subscription, choice, stripe_client)
    if not items and not discounts:
        raise ValidationError(_("C’est déjà ce que vous avez."), code="same")
    return PlannedChange(subscription, with_current_prices(items_now, selection), items, discounts)


def _discounts(tenant: TenantRef, subscription: Any, choice: Choice, stripe_client: Any) -> dict[str, Any]:
    """Parameters for the typed code; empty if it already applies, because of a change that was not paid.

    Raises `ValidationError` for a code that was used before, or if another discount applies.
    """
    code = choice.promotion_code.strip().upper()
    if not code or coupons.stripe_ids(code) & {discount.promotion_code for discount in subscription.discounts}:
        return {}
    if code in code_uses.used_codes(tenant.id, subscription.customer.id, stripe_client):
        raise ValidationError(code_uses.ALREADY_USED, code="code")
    if subscription.discounts:
        raise ValidationError(_("Une remise court déjà : un code pourra la suivre, pas la remplacer."), code="code")
    return {"discounts": [{"promotion_code": coupons.find_redeemable(code, first_time=False).stripe_id}]}


def _preview(tenant: TenantRef, choice: Choice, selection: PriceSelection, invoice: Any, at: int) -> Preview:
    renewal, beside = renewal_amounts(selection)
    vat_percent = vat_of(tenant).rate_percent
    charged = invoice.total > 0
    total, total_excl_vat = euros_of_cents(invoice.total), excl_vat(invoice)
    zero = euros_of_cents(0)
    due = euros_of_cents(invoice.amount_due) if charged else zero
    return Preview(
        at=at,
        lines=invoice_lines.preview_lines(invoice.lines.data),
        due_now_excl_vat=total_excl_vat if charged else zero,
        due_now_vat=total - total_excl_vat if charged else zero,
        due_now_incl_vat=due,
        credit_excl_vat=zero if charged else -total_excl_vat,
        renewal_excl_vat=sum(renewal, zero),
        renewal_incl_vat=amounts(renewal, vat_percent).incl_vat,
        renews_at=_renews_at(current(tenant), choice, invoice),
        interval=choice.interval,
        monthly_beside_excl_vat=sum(beside, zero),
        exceeded=exceeded(tenant, choice),
        credit_used_incl_vat=min(due - total, zero) if charged else zero,
    )


def _renews_at(current_subscription: Current, choice: Choice, invoice: Any) -> datetime | None:
    """The end of the present period, or of the new one if the interval changes."""
    if current_subscription.choice and current_subscription.choice.interval == choice.interval:
        return current_subscription.period_end
    ends = [line.period.end for line in invoice.lines.data if line.amount > 0]
    return moment(max(ends)) if ends else current_subscription.period_end


def exceeded(tenant: TenantRef, choice: Choice) -> tuple[Gauge, ...]:
    """Gauges whose present use exceeds the limits of the choice. Nothing is deleted then, but nothing can be added.

    Limits that an option of the choice raises are not compared.
    """
    with public_context():
        rows = list(Entitlement.objects.filter(plan_id=choice.plan))
        raised_by_add_ons = {row.key for row in Entitlement.objects.filter(add_on_id__in=choice.add_ons)}
    limits = {row.key: row.limit for row in rows if row.limit is not None and row.key not in raised_by_add_ons}
    keys = [key for key in limits if key in METERS and METERS[key].kind is not Kind.MODULE]
    exceeded_gauges = []
    with tenant_context(tenant):
        standing_uses = {key: selectors.standing_now(key) for key in keys}
    for gauge in selectors.gauges(tenant, keys):
        limit = limits[gauge.key]
        # Standing meters (seats, assistants) are counted from their rows; a quota counter only counts acts.
        used = gauge.used if (standing := standing_uses[gauge.key]) is None else standing
        if limit is not None and used > limit:
            exceeded_gauges.append(Gauge(gauge.key, gauge.label, used, gauge.reserved, limit))
    return tuple(exceeded_gauges)


def change(
    tenant: TenantRef,
    choice: Choice,
    *,
    at: int,
    actor: User,
    due: Decimal | None = None,
    accepted: AcceptedTerms | None = None,
) -> ChangeResult:
    """Make the change as previewed `at` (seconds since 1970). Sent twice, it is made once.

    `due`: the amount shown, euros with VAT; None skips the comparison. `accepted`: the terms of sale, needed if the
    workspace has not accepted the version in force. Raises `ValidationError` if the preview is older than
    `PREVIEW_VALID_SECONDS`, the amount differs from `due` or the change is refused, and `StripeUnavailable`; then
    nothing is changed.
    """
    if not 0 <= time.time() - at <= PREVIEW_VALID_SECONDS:
        raise ValidationError(_("Le calcul date de plus d’un quart d’heure : le voici refait."), code="old")
    agreed_terms = terms.require_current(accepted) if accepted or terms.needs_acceptance(tenant) else None
    with translated_errors():
        with public_context(), turn(tenant.id):
            # Inside the turn: a repeated request finds nothing to change and is refused.
            planned = _plan_change(tenant, choice, client())
            _require_as_shown(planned, at, due)
            if agreed_terms and accepted:
                # Recorded before the change, so that no change lacks its proof; a refused payment keeps the acceptance.
                proof = {"origin": accepted.origin, "act": terms.Act.CHANGE, "reference": planned.subscription.id}
                terms.record(tenant, agreed_terms, choice, actor=actor, **proof)
            pay_url = _apply(planned, choice, at)
            if planned.discounts:
                code_uses.record(tenant.id, choice.promotion_code.strip(), actor=actor)
        before = tenant.plan_code
        refresh_after_act(tenant.id)
    details = {"plan": choice.plan, "interval": choice.interval, "options": ", ".join(choice.add_ons)}
    action = "subscription.change_asked" if pay_url else "subscription.changed"
    audit.record(action, actor=actor, target=tenant.slug, before=before, **details)
    return ChangeResult(done=not pay_url, pay_url=pay_url)


def _require_as_shown(planned: PlannedChange, at: int, due: Decimal | None) -> None:
    if due is None:
        return
    invoice = _preview_invoice(client(), planned, at)
    if due != (euros_of_cents(invoice.amount_due) if invoice.total > 0 else 0):
        raise ValidationError(_("Le montant n’est plus celui que vous avez vu : le voici refait."), code="old")


def _apply(planned: PlannedChange, choice: Choice, at: int) -> str:
    """Update the subscription; return Stripe's payment page if the change waits for a payment, "" if it is made.

    A code is applied in an update of its own, because Stripe accepts no discounts in a pending update.
    """
    subscriptions, subscription = client().v1.subscriptions, planned.subscription
    if planned.discounts:
        codes = ",".join([*code_uses.on_subscription(subscription), choice.promotion_code.strip().upper()])
        update: Any = {**planned.discounts, "metadata": {code_uses.METADATA_KEY: codes}}
        subscriptions.update(subscription.id, update)
    if not planned.items:
        return ""
    parameters: Any = {
        "items": planned.items,
        "proration_behavior": "always_invoice",
        "proration_date": at,
        "payment_behavior": _payment_behavior(subscription),
        "expand": ["latest_invoice"],
    }
    updated = subscriptions.update(subscription.id, parameters)
    if updated.pending_update is None:
        return ""
    return str(updated.latest_invoice.hosted_invoice_url)  # type: ignore[union-attr]


def _payment_behavior(subscription: Any) -> str:
    """Stripe's `payment_behavior`. Pending updates do not support SEPA debits, which take days.

    With a debit the change is made at once, and a debit that fails becomes an unpaid invoice.
    Source: https://docs.stripe.com/billing/subscriptions/pending-updates
    """
    return "allow_incomplete" if payment_method_type(subscription) == "sepa_debit" else "pending_if_incomplete"
