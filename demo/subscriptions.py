"""The demonstration's subscriptions: bought as an owner buys, on the pages of the simulated Stripe, where it runs.

What was before today is in the ledger of revenue only: the months in which these workspaces came, and two that left.
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
from billing.subscription_types import Accepted, Choice
from demo.past import id_at, insert
from demo.people import FORMER, WORKSPACES, Workspace
from embedded.stripe_fake import CARD, KEY
from plans.models import Plan, Price
from tenants.context import TenantRef, public_context, tenant_context
from tenants.models import Tenant
from tenants.selectors import ref_of

REFUSED: Final = "4000 0000 0000 0341"
# So that a month has been paid, and the next could not be, four days ago.
AGE_DAYS: Final = 34
PATIENCE = 20
ADDRESSES: Final = {
    "demo": ("12 rue de la Terre", "69007", "Lyon"),
    "tilleul": ("3 rue Crébillon", "44000", "Nantes"),
    "rivoire": ("8 place Grenette", "38000", "Grenoble"),
}
Kind = RevenueChange.Kind


def subscribe_demo() -> list[str]:
    """The workspaces that subscribed now. Only at the simulated Stripe, and only while nobody else has bought there:
    its time is turned forward by a month.
    """
    base: str = getattr(settings, "STRIPE_API_HOST", "")
    simulated = (
        settings.RUCHE_EMBEDDED and settings.STRIPE_TEST_SECRET_KEY == KEY and base.startswith("http://127.0.0.1:")
    )
    wanted = [workspace for workspace in WORKSPACES if workspace.sold]
    with public_context():
        found = {
            row.slug: ref_of(row)
            for row in Tenant.objects.filter(slug__in=[one.slug for one in wanted])
            if row.email in {one.email for one in wanted}
        }
        if not simulated or Subscription.objects.exists() or len(found) < len(wanted):
            return []
        _history(wanted, found)
    # Half-made, a customer without a subscription would be written down as one who left.
    _tell(base, "hold")
    try:
        for workspace in wanted:
            _buy(workspace, found[workspace.slug])
        _tell(base, "age", days=AGE_DAYS)
        for ref in found.values():
            api.returned(ref)
    finally:
        _tell(base, "release")
    return [workspace.slug for workspace in wanted]


def _monthly(plan: str, interval: str) -> Decimal:
    """What a plan brings a month, as billing/mrr/monthly.py counts it."""
    price = Price.objects.filter(plan_id=plan, interval=interval, is_active=True).first()
    amount = price.amount_excl_vat if price else Plan.objects.get(code=plan).month_price
    return (amount / (12 if interval == "year" else 1)).quantize(Decimal("0.01"))


def _history(wanted: list[Workspace], found: dict[str, TenantRef]) -> None:
    lines: list[RevenueChange] = []
    now = timezone.now()
    chance = random.Random("revenue")  # noqa: S311 - for variety, not for secrets
    starter = _monthly("starter", "month")

    def line(
        key: UUID, slug: str, kind: str, months: int, before: Decimal, after: Decimal, plan: str, why: str
    ) -> None:
        at = now - dt.timedelta(days=30 * months + chance.randint(2, 12))
        lines.append(
            RevenueChange(
                id=id_at(at),
                at=at,
                tenant_id=key,
                tenant_slug=slug,
                kind=kind,
                before_euros=before,
                after_euros=after,
                plan_code=plan,
                reason=why,
            )
        )

    nothing = Decimal(0)
    for workspace in wanted:
        plan, interval, months = workspace.sold or ("", "", 0)
        ref, monthly = found[workspace.slug], _monthly(plan, interval)
        # Who has been there for long began with less.
        if months > 6 and monthly > starter:
            line(ref.id, ref.slug, Kind.NEW, months, nothing, starter, "starter", "begun")
            line(ref.id, ref.slug, Kind.EXPANSION, months // 2, starter, monthly, plan, "plan")
        else:
            line(ref.id, ref.slug, Kind.NEW, months, nothing, monthly, plan, "begun")
        # What the subscription brings is known before it is bought: buying it writes no second line.
        Subscription.objects.create(tenant_id=ref.id, mrr_euros=monthly)
    for key, slug, plan, begun, ended in FORMER:
        monthly = _monthly(plan, "month")
        line(UUID(key), slug, Kind.NEW, begun, nothing, monthly, plan, "begun")
        line(UUID(key), slug, Kind.CHURN, ended, monthly, nothing, plan, "ended")
    insert(lines)


def _buy(workspace: Workspace, ref: TenantRef) -> None:
    plan, interval, _months = workspace.sold or ("", "", 0)
    line1, postal_code, city = ADDRESSES[workspace.slug]
    address = {"name": workspace.name, "line1": line1, "line2": "", "postal_code": postal_code, "city": city}
    with tenant_context(ref):
        owner = User.objects.get(email=workspace.email, role=Role.OWNER)
        api.profile_save(ref, actor=owner, **address, country="FR", vat_number="")
        back = {"success_url": f"https://{ref.domain}/", "cancel_url": f"https://{ref.domain}/"}
        terms = api.terms_current()
        accepted = Accepted(terms.pk if terms else None)
        page = api.checkout_url(ref, Choice(plan, interval, (), ""), actor=owner, accepted=accepted, **back)
        card = {"do": "pay", "method": "card", "number": CARD, "email": workspace.email, "country": "FR", **address}
        _visit(page, card)
        api.returned(ref)
        if not workspace.pays:
            portal = api.portal_url(ref, return_url=f"https://{ref.domain}/", flow="payment_method_update")
            _visit(portal, {"do": "method", "method": "card", "number": REFUSED})


class _Stay(urllib.request.HTTPRedirectHandler):
    """The page sends back to the workspace: nobody goes there."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_BROWSER = urllib.request.build_opener(_Stay)


def _visit(url: str, form: dict[str, str]) -> None:
    """Send a form of the simulated Stripe. Raises `RuntimeError` where it is refused."""
    try:
        with _BROWSER.open(url, data=urllib.parse.urlencode(form).encode(), timeout=PATIENCE) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    if status != 303:
        raise RuntimeError(f"the simulated Stripe answered {status} for {form['do']}")


def _tell(base: str, what: str, **given: Any) -> None:
    request = urllib.request.Request(f"{base}/_fake/{what}", data=json.dumps(given).encode(), method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
        pass
