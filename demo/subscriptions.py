"""Subscriptions of the demonstration, bought on the pages of the simulated Stripe as an owner would.

Only the MRR movements have a history: the starts of these subscriptions, and two former customers.
"""

import datetime as dt
import json
import random
import urllib.error
import urllib.parse
import urllib.request
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.models import Role, User
from billing import api
from billing.models import RevenueChange, Subscription
from billing.subscription_types import AcceptedTerms, Choice
from demo.backdating import id_at, insert
from demo.workspaces import FORMER_CUSTOMERS, WORKSPACES, Workspace
from embedded.stripe_fake import CARD, KEY
from plans.models import Plan, Price
from tenants.context import TenantRef, public_context, tenant_context
from tenants.models import Tenant
from tenants.selectors import ref_of

DECLINED_CARD: Final = "4000 0000 0000 0341"
# One month is paid, and the payment of the next was declined four days ago.
AGE_DAYS: Final = 34
TIMEOUT_SECONDS = 20
ADDRESSES: Final = {
    "demo": ("12 rue de la Terre", "69007", "Lyon"),
    "tilleul": ("3 rue Crébillon", "44000", "Nantes"),
    "rivoire": ("8 place Grenette", "38000", "Grenoble"),
}
Kind = RevenueChange.Kind


def subscribe_demo() -> list[str]:
    """Subscribe the workspaces; returns their slugs, or [] if there is nothing to do.

    Requires the simulated Stripe without other subscriptions, because its clock is advanced by `AGE_DAYS`.
    """
    base: str = getattr(settings, "STRIPE_API_HOST", "")
    simulated = (
        settings.RUCHE_EMBEDDED and settings.STRIPE_TEST_SECRET_KEY == KEY and base.startswith("http://127.0.0.1:")
    )
    subscribers = [workspace for workspace in WORKSPACES if workspace.subscription]
    with public_context():
        tenants = {
            row.slug: ref_of(row)
            for row in Tenant.objects.filter(slug__in=[workspace.slug for workspace in subscribers])
            if row.email in {workspace.email for workspace in subscribers}
        }
        if not simulated or Subscription.objects.exists() or len(tenants) < len(subscribers):
            return []
        _write_movements(subscribers, tenants)
    # Webhooks wait: a customer without a subscription yet would be recorded as churn.
    _control(base, "hold")
    try:
        for workspace in subscribers:
            _subscribe(workspace, tenants[workspace.slug])
        _control(base, "age", days=AGE_DAYS)
        for ref in tenants.values():
            api.returned(ref)
    finally:
        _control(base, "release")
    return [workspace.slug for workspace in subscribers]


def _monthly_amount(plan: str, interval: str) -> Decimal:
    """MRR of a plan in euros, computed as in `billing.mrr`."""
    price = Price.objects.filter(plan_id=plan, interval=interval, is_active=True).first()
    amount = price.amount_excl_vat if price else Plan.objects.get(code=plan).month_price
    return (amount / (12 if interval == "year" else 1)).quantize(Decimal("0.01"))


def _write_movements(subscribers: list[Workspace], tenants: dict[str, TenantRef]) -> None:
    movements: list[RevenueChange] = []
    now = timezone.now()
    chance = random.Random("revenue")  # noqa: S311 - for variety, not for secrets
    starter = _monthly_amount("starter", "month")

    def add(
        key: UUID, slug: str, kind: str, months: int, before: Decimal, after: Decimal, plan: str, reason: str
    ) -> None:
        at = now - dt.timedelta(days=30 * months + chance.randint(2, 12))
        movements.append(
            RevenueChange(
                id=id_at(at),
                at=at,
                tenant_id=key,
                tenant_slug=slug,
                kind=kind,
                before_euros=before,
                after_euros=after,
                plan_code=plan,
                reason=reason,
            )
        )

    zero = Decimal(0)
    for workspace in subscribers:
        plan, interval, months = workspace.subscription or ("", "", 0)
        ref, monthly = tenants[workspace.slug], _monthly_amount(plan, interval)
        # Long-standing customers began with the smaller plan.
        if months > 6 and monthly > starter:
            add(ref.id, ref.slug, Kind.NEW, months, zero, starter, "starter", "begun")
            add(ref.id, ref.slug, Kind.EXPANSION, months // 2, starter, monthly, plan, "plan")
        else:
            add(ref.id, ref.slug, Kind.NEW, months, zero, monthly, plan, "begun")
        # With the MRR set in advance, buying the subscription writes no second movement.
        Subscription.objects.create(tenant_id=ref.id, mrr_euros=monthly)
    for key, slug, plan, begun, ended in FORMER_CUSTOMERS:
        monthly = _monthly_amount(plan, "month")
        add(UUID(key), slug, Kind.NEW, begun, zero, monthly, plan, "begun")
        add(UUID(key), slug, Kind.CHURN, ended, monthly, zero, plan, "ended")
    insert(movements)


def _subscribe(workspace: Workspace, ref: TenantRef) -> None:
    plan, interval, _months = workspace.subscription or ("", "", 0)
    line1, postal_code, city = ADDRESSES[workspace.slug]
    address = {"name": workspace.name, "line1": line1, "line2": "", "postal_code": postal_code, "city": city}
    with tenant_context(ref):
        owner = User.objects.get(email=workspace.email, role=Role.OWNER)
        api.profile_save(ref, actor=owner, **address, country="FR", vat_number="")
        return_urls = {"success_url": f"https://{ref.domain}/", "cancel_url": f"https://{ref.domain}/"}
        terms = api.terms.current()
        accepted = AcceptedTerms(terms.pk if terms else None)
        page = api.checkout_url(ref, Choice(plan, interval, (), ""), actor=owner, accepted=accepted, **return_urls)
        card = {"do": "pay", "method": "card", "number": CARD, "email": workspace.email, "country": "FR", **address}
        _submit(page, card)
        api.returned(ref)
        if not workspace.pays:
            portal = api.portal_url(ref, return_url=f"https://{ref.domain}/", flow="payment_method_update")
            _submit(portal, {"do": "method", "method": "card", "number": DECLINED_CARD})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Does not follow the redirect back to the workspace."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _submit(url: str, form: dict[str, str]) -> None:
    """Submit a form of the simulated Stripe. Raises `RuntimeError` if it is refused."""
    try:
        with _OPENER.open(url, data=urllib.parse.urlencode(form).encode(), timeout=TIMEOUT_SECONDS) as response:
            status = response.status
    except urllib.error.HTTPError as error:
        status = error.code
    if status != 303:
        raise RuntimeError(f"the simulated Stripe answered {status} for {form['do']}")


def _control(base: str, command: str, **arguments: Any) -> None:
    """Call the control API of the simulated Stripe."""
    request = urllib.request.Request(f"{base}/_fake/{command}", data=json.dumps(arguments).encode(), method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
        pass
