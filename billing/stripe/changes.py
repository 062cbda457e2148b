"""Another plan, another rhythm, other options: what it costs to the cent first, then the same change, at once.

What a change costs is charged when it is made, what it gives back stays as a credit for the next invoices. Where the
payment is refused, or the bank must be asked, Stripe puts the change aside until it is paid, and forgets it otherwise.
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
from billing.stripe.descriptions import method_kind
from billing.stripe.errors import asking
from billing.stripe.invoice_lines import euros_of_cents, excl_vat
from billing.stripe.moments import moment
from billing.stripe.price_items import Wanted, as_held, difference, renewal_lines, require_living, wanted
from billing.stripe.profiles import vat_of
from billing.stripe.status import current
from billing.stripe.sync import follow_act
from billing.stripe.turns import turn
from billing.subscription_types import Accepted, Change, Choice, Current, Preview
from plans.meters import METERS, Kind
from plans.models import Entitlement
from tenants.context import TenantRef, public_context, tenant_context
from usage import selectors
from usage.types import Gauge

# A change is made at the moment it was shown for; after that it is counted anew.
SHOWN_SECONDS = 900
OWING = ("past_due", "unpaid")
EXPANDED = ["default_payment_method", "customer.invoice_settings.default_payment_method", "discounts"]


def preview(tenant: TenantRef, choice: Choice) -> Preview:
    """What a change would cost now. Nothing is changed. Raises `ValidationError` also where nothing would change."""
    with asking(), public_context():
        asked = _asked(tenant, choice, page_client())
        at = int(time.time())
        return _shown(tenant, choice, asked.want, _counted(page_client(), asked, at), at)


class Asked(NamedTuple):
    """A subscription, the prices it will have, what its items become, and the discount that a code puts on."""

    subscription: Any
    want: Wanted
    items: list[dict[str, Any]]
    discounts: dict[str, Any]


def _counted(stripe_: Any, asked: Asked, at: int) -> Any:
    """The invoice of a change made at that second."""
    details = {"items": asked.items, "proration_behavior": "always_invoice", "proration_date": at}
    wish = {"subscription": asked.subscription.id, "subscription_details": details, **asked.discounts}
    return stripe_.v1.invoices.create_preview(wish)


def _asked(tenant: TenantRef, choice: Choice, stripe_: Any) -> Asked:
    subscription = stripe_.v1.subscriptions.retrieve(require_living(tenant), {"expand": EXPANDED})
    if subscription.status in OWING:
        raise ValidationError(_("Réglez d’abord la facture en attente, puis changez d’offre."), code="owing")
    if subscription.cancel_at_period_end or subscription.cancel_at:
        raise ValidationError(_("L’abonnement prend fin : reprenez-le d’abord, puis changez d’offre."), code="ending")
    want = wanted(choice, had=current(tenant).choice)
    held = subscription["items"].data
    items = difference(held, want)
    discounts = _discounts(tenant, subscription, choice, stripe_)
    if not items and not discounts:
        raise ValidationError(_("C’est déjà ce que vous avez."), code="same")
    return Asked(subscription, as_held(held, want), items, discounts)


def _discounts(tenant: TenantRef, subscription: Any, choice: Choice, stripe_: Any) -> dict[str, Any]:
    """What the code that was typed puts on; nothing where it is on already, by a change that was not paid.

    A code is had once, and takes no other discount's place. Raises `ValidationError`.
    """
    typed = choice.promotion_code.strip().upper()
    if not typed or coupons.stripe_ids(typed) & {each.promotion_code for each in subscription.discounts}:
        return {}
    if typed in code_uses.had(tenant.id, subscription.customer.id, stripe_):
        raise ValidationError(code_uses.HAD, code="code")
    if subscription.discounts:
        raise ValidationError(_("Une remise court déjà : un code pourra la suivre, pas la remplacer."), code="code")
    return {"discounts": [{"promotion_code": coupons.find(typed, first_time=False).stripe_id}]}


def _shown(tenant: TenantRef, choice: Choice, want: Wanted, invoice: Any, at: int) -> Preview:
    renewal, beside = renewal_lines(want)
    vat_percent = vat_of(tenant).rate_percent
    charged = invoice.total > 0
    total, net = euros_of_cents(invoice.total), excl_vat(invoice)
    zero = euros_of_cents(0)
    due = euros_of_cents(invoice.amount_due) if charged else zero
    return Preview(
        at=at,
        lines=invoice_lines.in_words(invoice.lines.data),
        due_now_excl_vat=net if charged else zero,
        due_now_vat=total - net if charged else zero,
        due_now_incl_vat=due,
        credit_excl_vat=zero if charged else -net,
        renewal_excl_vat=sum(renewal, zero),
        renewal_incl_vat=amounts(renewal, vat_percent).incl_vat,
        renews_at=_renews_at(current(tenant), choice, invoice),
        interval=choice.interval,
        monthly_beside_excl_vat=sum(beside, zero),
        exceeded=exceeded(tenant, choice),
        credit_used_incl_vat=min(due - total, zero) if charged else zero,
    )


def _renews_at(now: Current, choice: Choice, invoice: Any) -> datetime | None:
    """The plan's own period goes on, unless it is paid in another rhythm from now on."""
    if now.choice and now.choice.interval == choice.interval:
        return now.period_end
    ends = [line.period.end for line in invoice.lines.data if line.amount > 0]
    return moment(max(ends)) if ends else now.period_end


def exceeded(tenant: TenantRef, choice: Choice) -> tuple[Gauge, ...]:
    """What is used today beyond what the choice gives: nothing of it is lost, but no more can be had."""
    with public_context():
        rows = list(Entitlement.objects.filter(plan_id=choice.plan))
        more = {row.key for row in Entitlement.objects.filter(add_on_id__in=choice.add_ons)}
    limits = {row.key: row.limit for row in rows if row.limit is not None and row.key not in more}
    keys = [key for key in limits if key in METERS and METERS[key].kind is not Kind.MODULE]
    found = []
    with tenant_context(tenant):
        counted = {key: selectors.standing_now(key) for key in keys}
    for gauge in selectors.gauges(tenant, keys):
        limit = limits[gauge.key]
        # What stands (seats, assistants) is counted: its counter only knows of acts.
        used = gauge.used if (standing := counted[gauge.key]) is None else standing
        if limit is not None and used > limit:
            found.append(Gauge(gauge.key, gauge.label, used, gauge.reserved, limit))
    return tuple(found)


def change(
    tenant: TenantRef,
    choice: Choice,
    *,
    at: int,
    actor: User,
    due: Decimal | None = None,
    accepted: Accepted | None = None,
) -> Change:
    """Make the change as it was shown `at`. Sent twice, it is made once. Raises `ValidationError` where that is old.

    `due`: what was shown to be charged; where it has become another sum meanwhile (somebody else changed something),
    nothing is made. `accepted`: the terms of sale, where a version came out since the workspace accepted one.
    """
    if not 0 <= time.time() - at <= SHOWN_SECONDS:
        raise ValidationError(_("Le calcul date de plus d’un quart d’heure : le voici refait."), code="old")
    agreed = terms.require(accepted) if accepted or terms.must_ask(tenant) else None
    with asking():
        with public_context(), turn(tenant.id):
            # One at a time: a second one finds that nothing is left to change.
            asked = _asked(tenant, choice, client())
            _require_as_shown(asked, at, due)
            if agreed and accepted:
                # Before: no change without its proof. One that the bank refuses afterwards was accepted all the same.
                where = {"origin": accepted.origin, "act": terms.Act.CHANGE, "reference": asked.subscription.id}
                terms.record(tenant, agreed, choice, actor=actor, **where)
            pay_url = _make(asked, choice, at)
            if asked.discounts:
                code_uses.record(tenant.id, choice.promotion_code.strip(), actor=actor)
        before = tenant.plan_code
        follow_act(tenant.id)
    said = {"plan": choice.plan, "interval": choice.interval, "options": ", ".join(choice.add_ons)}
    act = "subscription.change_asked" if pay_url else "subscription.changed"
    audit.record(act, actor=actor, target=tenant.slug, before=before, **said)
    return Change(done=not pay_url, pay_url=pay_url)


def _require_as_shown(asked: Asked, at: int, due: Decimal | None) -> None:
    if due is None:
        return
    invoice = _counted(client(), asked, at)
    if due != (euros_of_cents(invoice.amount_due) if invoice.total > 0 else 0):
        raise ValidationError(_("Le montant n’est plus celui que vous avez vu : le voici refait."), code="old")


def _make(asked: Asked, choice: Choice, at: int) -> str:
    """Where it has to be paid first; "": it is made. A coupon is put on before: Stripe takes it with nothing aside."""
    subscriptions, subscription = client().v1.subscriptions, asked.subscription
    if asked.discounts:
        codes = ",".join([*code_uses.on_subscription(subscription), choice.promotion_code.strip().upper()])
        put_on: Any = {**asked.discounts, "metadata": {code_uses.METADATA: codes}}
        subscriptions.update(subscription.id, put_on)
    if not asked.items:
        return ""
    wish: Any = {
        "items": asked.items,
        "proration_behavior": "always_invoice",
        "proration_date": at,
        "payment_behavior": _behaviour(subscription),
        "expand": ["latest_invoice"],
    }
    made = subscriptions.update(subscription.id, wish)
    if made.pending_update is None:
        return ""
    return str(made.latest_invoice.hosted_invoice_url)  # type: ignore[union-attr]


def _behaviour(subscription: Any) -> str:
    """A debit takes days, and Stripe puts nothing aside for it: the change is made, and a debit that fails is owed.

    Source: https://docs.stripe.com/billing/subscriptions/pending-updates
    """
    return "allow_incomplete" if method_kind(subscription) == "sepa_debit" else "pending_if_incomplete"
