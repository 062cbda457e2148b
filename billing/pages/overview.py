"""Pages that show plan, payment and invoices, and redirects to Stripe's pages."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.http import MemberRequest
from billing import api
from billing.pages.guards import (
    calls_stripe,
    is_within_rate_limit,
    manual_billing_message,
    owner_acts,
    owner_reads,
    owner_reads_stripe,
)
from billing.pages.selection import initial_choice
from billing.pages.status import status_of
from billing.quotes import Catalogue, load_catalogue
from billing.subscription_types import Current, StripeUnavailable
from plans.entitlements import for_tenant as rights_of
from plans.types import AI_EUROS, TOKENS
from tenants.selectors import tenant_url
from usage import overview
from usage.presenters import gauge_context

SHOWN_METERS = ("seats", TOKENS, AI_EUROS, "storage")
LATEST_COUNT = 5


@owner_reads
@require_GET
def show(request: MemberRequest) -> HttpResponse:
    """Plan, its status and the next step. Does not call Stripe; parts that need Stripe are loaded separately."""
    tenant = request.tenant
    current = api.current(tenant)
    owned = current.choice
    catalogue = load_catalogue(
        current_plan=owned.plan if owned else tenant.plan_code, current_add_ons=owned.add_ons if owned else ()
    )
    context = {
        "now": current,
        "is_on": api.is_on(),
        "by_hand": manual_billing_message(),
        "standing": status_of(tenant, current),
        "plan_name": rights_of(tenant).plan_name,
        "options": _add_on_names(current, catalogue),
        "profile": api.profile_of(tenant),
        "gauges": [gauge_context(line) for line in overview.meter_uses(tenant) if line.gauge.key in SHOWN_METERS],
        "start": initial_choice(tenant, current, catalogue),
    }
    return render(request, "home/plan/show.html", context)


def _add_on_names(current: Current, catalogue: Catalogue) -> list[str]:
    """Names of the options paid for, as French msgids."""
    return [add_on.name for add_on in catalogue.add_ons if current.choice and add_on.code in current.choice.add_ons]


@owner_reads_stripe
@require_GET
def next_payment(request: MemberRequest) -> HttpResponse:
    """Stripe's calculation of the next payment: a part of the page with htmx, a page of its own without scripts."""
    context = _query_stripe(lambda: {"payment": api.next_payment(request.tenant)})
    return render(request, f"home/plan/{'_next' if request.htmx else 'next'}.html", context)


@owner_reads_stripe
@require_GET
def invoices(request: MemberRequest) -> HttpResponse:
    """The invoices; with htmx, a part of the page with the latest ones."""
    limit = {"limit": LATEST_COUNT} if request.htmx else {}
    context = _query_stripe(lambda: {"invoices": api.invoices(request.tenant, **limit)})
    return render(request, f"home/plan/{'_invoices' if request.htmx else 'invoices'}.html", context)


def _query_stripe(query: Any) -> dict[str, Any]:
    """The result of `query`; {"off": message} if Stripe is off, {"away": True} if it does not answer."""
    if not api.is_on():
        return {"off": manual_billing_message()}
    try:
        return dict(query()) if is_within_rate_limit() else {"away": True}
    except StripeUnavailable:
        return {"away": True}


@owner_reads_stripe
@require_GET
def document(request: MemberRequest, invoice_id: str, kind: str) -> HttpResponse:
    """Redirect to an invoice's page, PDF or receipt at Stripe. The address is requested each time, as it expires."""
    if not api.is_on():
        raise Http404
    if not is_within_rate_limit():
        return render(request, "429.html", status=429)
    try:
        return redirect(api.document_url(request.tenant, invoice_id, kind))
    except LookupError as error:
        raise Http404 from error
    except StripeUnavailable:
        messages.error(request, _("Stripe, qui garde vos factures, ne répond pas. Réessayez dans un moment."))
        return redirect("plan_invoices")


@owner_acts
@require_GET
@calls_stripe
def pay(request: MemberRequest) -> HttpResponse:
    """Redirect to Stripe's page of the oldest unpaid invoice."""
    url = api.pay_url(request.tenant)
    if url:
        return redirect(url)
    messages.info(request, _("Rien n’est à régler."))
    return redirect("workspace_plan")


@owner_acts
@require_POST
@calls_stripe
def portal(request: MemberRequest) -> HttpResponse:
    """Redirect to the form of Stripe's portal that changes the means of payment."""
    back = tenant_url(request.tenant.domain, reverse("plan_back"))
    return redirect(api.portal_url(request.tenant, return_url=back, flow="payment_method_update"))


@owner_acts
@require_GET
@calls_stripe
def portal_return(request: MemberRequest) -> HttpResponse:
    """Return from Stripe's portal. Syncs, so that the new means of payment is shown."""
    api.returned(request.tenant)
    return redirect("workspace_plan")
