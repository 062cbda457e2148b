"""Pages of the first purchase: comparison of plans, billing profile, order, and return from Stripe's checkout page."""

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
from billing.pages.guards import (
    calls_stripe,
    error_message,
    manual_billing_message,
    owner_acts,
    stripe_unavailable_message,
)
from billing.quotes import Catalogue, load_catalogue, quote
from billing.subscription_types import AcceptedTerms, Choice, Current, StripeUnavailable
from tenants.selectors import public_url, tenant_ref, tenant_url

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def requested_choice(request: MemberRequest, data: Any = None) -> tuple[Choice, Current, Catalogue]:
    """The choice in the request (query string, or `data`), the present subscription, and the catalogue."""
    tenant = request.tenant
    current = api.current(tenant)
    owned = current.choice
    catalogue = load_catalogue(current_plan=owned.plan if owned else "", current_add_ons=owned.add_ons if owned else ())
    initial = selection.initial_choice(tenant, current, catalogue)
    return selection.choice_from(request.GET if data is None else data, initial, catalogue), current, catalogue


@owner_acts
@require_GET
def choose(request: MemberRequest) -> HttpResponse:
    """Comparison of plans and options, with the quote of the choice."""
    choice, current, catalogue = requested_choice(request)
    context = {
        "is_on": api.is_on(),
        "by_hand": manual_billing_message(),
        "now": current,
        "choice": choice,
        "is_same": selection.is_same_choice(choice, current.choice),
        "plans": [_plan_context(plan, choice, catalogue) for plan in catalogue.plans],
        "compared": catalogue.plans,
        "options": _add_on_contexts(choice, catalogue),
        "quote": quote(request.tenant, choice, catalogue),
        "code_refusal": _code_refusal(request, choice),
        "can_save": any(catalogue.saving(plan.code) for plan in catalogue.plans),
    }
    return render(request, "home/plan/choose.html", context)


def _code_refusal(request: MemberRequest, choice: Choice) -> str:
    return api.code_refusal(request.tenant, choice.promotion_code) if choice.promotion_code else ""


def _plan_context(plan: Any, choice: Choice, catalogue: Catalogue) -> dict[str, Any]:
    price = catalogue.plan_price(plan.code, choice.interval)
    saving = catalogue.saving(plan.code) if choice.interval == "year" else None
    return {"row": plan, "price": price, "saving": saving, "picked": plan.code == choice.plan}


def _add_on_contexts(choice: Choice, catalogue: Catalogue) -> list[dict[str, Any]]:
    candidates = [(add_on, catalogue.add_on_line(add_on, choice.interval)) for add_on in catalogue.add_ons]
    return [
        {"row": add_on, "line": line, "picked": add_on.code in choice.add_ons} for add_on, line in candidates if line
    ]


@owner_acts
@get_or_post
def details(request: MemberRequest) -> HttpResponse:
    """The form of the billing profile. With a choice in the address, saving leads to the order."""
    choice, _now, _sold = requested_choice(request)
    is_ordering = "plan" in request.GET
    profile = api.profile_of(request.tenant)
    form = DetailsForm(request.POST or None, profile=profile, tenant=request.tenant)
    if request.method == "POST" and form.is_valid() and _save(request, form):
        messages.success(request, _("Coordonnées enregistrées."))
        return redirect(
            selection.url_with_choice("plan_checkout", choice) if is_ordering else reverse("workspace_plan")
        )
    context = {
        "form": form,
        "profile": profile,
        "back": selection.url_with_choice("plan_choose", choice) if is_ordering else "",
    }
    return render(request, "home/plan/details.html", context, status=422 if form.is_bound else 200)


def _save(request: MemberRequest, form: DetailsForm) -> bool:
    try:
        api.profile_save(request.tenant, actor=request.user, **form.cleaned_data)
    except StripeUnavailable:
        form.add_error(None, stripe_unavailable_message())
        return False
    except ValidationError as error:
        form.refuse(error)
        return False
    return True


@owner_acts
@get_or_post
@calls_stripe
def checkout(request: MemberRequest) -> HttpResponse:
    """The order with its amounts; submitting redirects to Stripe's checkout page."""
    choice, current, catalogue = requested_choice(request)
    if current.is_live:
        return redirect(selection.url_with_choice("plan_change", choice))
    profile = api.profile_of(request.tenant)
    if profile is None:
        return redirect(selection.url_with_choice("plan_details", choice))
    form = TermsForm(request)
    if form.is_valid():
        return _redirect_to_checkout(request, choice, form.accepted())
    if _code_refusal(request, choice):
        # The page of choices shows the refusal beside the code; an order never shows a code that does not apply.
        return redirect(selection.url_with_choice("plan_choose", choice))
    context = {
        "choice": choice,
        "profile": profile,
        "quote": quote(request.tenant, choice, catalogue),
        "choose_url": selection.url_with_choice("plan_choose", choice),
        "details_url": selection.url_with_choice("plan_details", choice),
        "form": form,
        "privacy_url": public_url("/confidentialite/"),
    }
    return render(request, "home/plan/checkout.html", context, status=422 if form.is_bound else 200)


def _redirect_to_checkout(request: MemberRequest, choice: Choice, accepted: AcceptedTerms) -> HttpResponse:
    back = selection.url_with_choice("plan_choose", choice)
    try:
        url = api.checkout_url(
            request.tenant,
            choice,
            actor=request.user,
            success_url=tenant_url(request.tenant.domain, reverse("plan_thanks")),
            cancel_url=tenant_url(request.tenant.domain, back),
            accepted=accepted,
        )
    except (ValidationError, StripeUnavailable) as error:
        messages.error(request, error_message(error))
        is_about_terms = isinstance(error, ValidationError) and error.code == "terms"
        return redirect(selection.url_with_choice("plan_checkout", choice) if is_about_terms else back)
    return redirect(url)


@owner_acts
@require_GET
def thanks(request: MemberRequest) -> HttpResponse:
    """The page after paying. Syncs from Stripe, as the webhook may arrive later."""
    if not api.is_on():
        return redirect("workspace_plan")
    try:
        current = api.returned(request.tenant)
        # Read again for the page's layout, which otherwise still shows the days left of the trial.
        request.tenant = tenant_ref(request.tenant.id)
        invoices = api.invoices(request.tenant, 1)
        context = {"now": current, "invoice": invoices[0] if invoices else None, "away": False}
    except StripeUnavailable:
        context = {"now": api.current(request.tenant), "invoice": None, "away": True}
    return render(request, "home/plan/thanks.html", context)
