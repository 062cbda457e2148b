"""Another plan, period or options where something is paid for already: what it costs first, then the same change."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.access import SAFE_METHODS
from accounts.http import MemberRequest
from billing import api
from billing.pages import selection
from billing.pages.buying import TWO_WAYS, chosen
from billing.pages.forms import ShownForm, TermsForm
from billing.pages.guards import asks_stripe, owner_acts, words
from billing.quotes import Catalogue
from billing.subscription_types import Choice, StripeAway
from tenants.selectors import public_url
from usage.presenters import format_amount
from usage.types import Gauge


@owner_acts
@TWO_WAYS
@asks_stripe
def change(request: MemberRequest) -> HttpResponse:
    """What the change costs now and later; sent, it is made as it was shown."""
    choice, now, sold = chosen(request)
    if not now.is_live:
        return redirect(selection.address("plan_checkout", choice))
    # A version that the workspace has accepted is not asked for again.
    terms = TermsForm(request) if api.terms_must_ask(request.tenant) else None
    if request.method not in SAFE_METHODS and (terms is None or terms.is_valid()):
        return _made(request, choice, terms)
    try:
        preview = api.preview(request.tenant, choice)
    except (ValidationError, StripeAway) as error:
        messages.error(request, words(error))
        return redirect(selection.address("plan_choose", choice))
    context = {
        "now": now,
        "choice": choice,
        "preview": preview,
        "plan_name": _name(choice, sold),
        "options": [option.name for option in sold.add_ons if option.code in choice.add_ons],
        "exceeded": [_exceeded(gauge) for gauge in preview.exceeded],
        "choose_url": selection.address("plan_choose", choice),
        "form": terms,
        "terms_url": public_url("/conditions/"),
        "privacy_url": public_url("/confidentialite/"),
    }
    return render(request, "home/plan/change.html", context, status=422 if terms and terms.is_bound else 200)


def _made(request: MemberRequest, choice: Choice, terms: TermsForm | None) -> HttpResponse:
    """Made; or on to the bank; or shown anew with what went wrong."""
    form = ShownForm(request.POST)
    shown = form.cleaned_data if form.is_valid() else {"at": 0, "due": None}
    try:
        accepted = terms.accepted() if terms else None
        done = api.change(request.tenant, choice, **shown, actor=request.user, accepted=accepted)
    except ValidationError as error:
        if error.code == "same":
            messages.info(request, words(error))
            return redirect("workspace_plan")
        messages.error(request, words(error))
        return redirect(selection.address("plan_change", choice))
    if done.pay_url:
        return redirect(done.pay_url)
    messages.success(request, _("Le changement est fait."))
    return redirect("workspace_plan")


def _name(choice: Choice, sold: Catalogue) -> str:
    return next((plan.name for plan in sold.plans if plan.code == choice.plan), choice.plan)


def _exceeded(gauge: Gauge) -> dict[str, Any]:
    """What is used today beyond what the new plan gives."""
    return {
        "label": gauge.label.split(" (")[0],
        "used": format_amount(gauge.key, gauge.used),
        "limit": format_amount(gauge.key, gauge.limit),
    }
