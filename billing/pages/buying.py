"""From comparing to paying for the first time: plans, who is invoiced, the order, Stripe's page, and back."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.http import MemberRequest
from billing import api
from billing.pages import selection
from billing.pages.forms import DetailsForm, TermsForm
from billing.pages.guards import asks_stripe, away, by_hand, owner_acts, words
from billing.quotes import Catalogue, catalogue, quote
from billing.subscription_types import Accepted, Choice, Current, StripeAway
from tenants.selectors import public_url, tenant_ref, tenant_url

TWO_WAYS = require_http_methods(["GET", "HEAD", "POST"])


def chosen(request: MemberRequest, data: Any = None) -> tuple[Choice, Current, Catalogue]:
    """What the request chooses, beside what is paid for and what is for sale."""
    tenant = request.tenant
    now = api.current(tenant)
    had = now.choice
    sold = catalogue(keep=had.plan if had else "", had=had.add_ons if had else ())
    first = selection.start(tenant, now, sold)
    return selection.read(request.GET if data is None else data, first, sold), now, sold


@owner_acts
@require_GET
def choose(request: MemberRequest) -> HttpResponse:
    """Plans and options beside each other, and what the choice comes to."""
    choice, now, sold = chosen(request)
    context = {
        "is_on": api.is_on(),
        "by_hand": by_hand(),
        "now": now,
        "choice": choice,
        "is_same": selection.same(choice, now.choice),
        "plans": [_plan(plan, choice, sold) for plan in sold.plans],
        "compared": sold.plans,
        "options": _options(choice, sold),
        "quote": quote(request.tenant, choice, sold),
        "code_refusal": _code_refusal(request, choice),
        "can_save": any(sold.saving(plan.code) for plan in sold.plans),
    }
    return render(request, "home/plan/choose.html", context)


def _code_refusal(request: MemberRequest, choice: Choice) -> str:
    return api.code_refusal(request.tenant, choice.promotion_code) if choice.promotion_code else ""


def _plan(plan: Any, choice: Choice, sold: Catalogue) -> dict[str, Any]:
    price = sold.plan_price(plan.code, choice.interval)
    saving = sold.saving(plan.code) if choice.interval == "year" else None
    return {"row": plan, "price": price, "saving": saving, "picked": plan.code == choice.plan}


def _options(choice: Choice, sold: Catalogue) -> list[dict[str, Any]]:
    found = [(option, sold.add_on_line(option, choice.interval)) for option in sold.add_ons]
    return [{"row": option, "line": line, "picked": option.code in choice.add_ons} for option, line in found if line]


@owner_acts
@TWO_WAYS
def details(request: MemberRequest) -> HttpResponse:
    """Whom invoices are made out to. With a choice in the address, on to the order."""
    choice, _now, _sold = chosen(request)
    ordering = "plan" in request.GET
    profile = api.profile_of(request.tenant)
    form = DetailsForm(request.POST or None, profile=profile, tenant=request.tenant)
    if request.method == "POST" and form.is_valid() and _saved(request, form):
        messages.success(request, _("Coordonnées enregistrées."))
        return redirect(selection.address("plan_checkout", choice) if ordering else reverse("workspace_plan"))
    context = {"form": form, "profile": profile, "back": selection.address("plan_choose", choice) if ordering else ""}
    return render(request, "home/plan/details.html", context, status=422 if form.is_bound else 200)


def _saved(request: MemberRequest, form: DetailsForm) -> bool:
    try:
        api.profile_save(request.tenant, actor=request.user, **form.cleaned_data)
    except StripeAway:
        form.add_error(None, away())
        return False
    except ValidationError as error:
        form.refuse(error)
        return False
    return True


@owner_acts
@TWO_WAYS
@asks_stripe
def checkout(request: MemberRequest) -> HttpResponse:
    """The order as it will be charged; sent, on to Stripe's page where it is paid."""
    choice, now, sold = chosen(request)
    if now.is_live:
        return redirect(selection.address("plan_change", choice))
    profile = api.profile_of(request.tenant)
    if profile is None:
        return redirect(selection.address("plan_details", choice))
    form = TermsForm(request)
    if form.is_valid():
        return _on_to_stripe(request, choice, form.accepted())
    if _code_refusal(request, choice):
        # Said there, beside the code: an order never shows one that will not count.
        return redirect(selection.address("plan_choose", choice))
    context = {
        "choice": choice,
        "profile": profile,
        "quote": quote(request.tenant, choice, sold),
        "choose_url": selection.address("plan_choose", choice),
        "details_url": selection.address("plan_details", choice),
        "form": form,
        "privacy_url": public_url("/confidentialite/"),
    }
    return render(request, "home/plan/checkout.html", context, status=422 if form.is_bound else 200)


def _on_to_stripe(request: MemberRequest, choice: Choice, accepted: Accepted) -> HttpResponse:
    back = selection.address("plan_choose", choice)
    try:
        url = api.checkout_url(
            request.tenant,
            choice,
            actor=request.user,
            success_url=tenant_url(request.tenant.domain, reverse("plan_thanks")),
            cancel_url=tenant_url(request.tenant.domain, back),
            accepted=accepted,
        )
    except (ValidationError, StripeAway) as error:
        messages.error(request, words(error))
        about_terms = isinstance(error, ValidationError) and error.code == "terms"
        return redirect(selection.address("plan_checkout", choice) if about_terms else back)
    return redirect(url)


@owner_acts
@require_GET
def thanks(request: MemberRequest) -> HttpResponse:
    """Where one comes back to after paying. Stripe is asked: its webhook may come later."""
    if not api.is_on():
        return redirect("workspace_plan")
    try:
        now = api.returned(request.tenant)
        # The page's own frame follows too: a trial that ended a moment ago is not counted down beside the thanks.
        request.tenant = tenant_ref(request.tenant.id)
        latest = api.invoices(request.tenant, 1)
        context = {"now": now, "invoice": latest[0] if latest else None, "away": False}
    except StripeAway:
        context = {"now": api.current(request.tenant), "invoice": None, "away": True}
    return render(request, "home/plan/thanks.html", context)
