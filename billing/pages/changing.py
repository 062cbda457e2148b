"""Page of a change of plan, period or options of a live subscription: the preview, then the same change."""

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
from billing.pages.buying import get_or_post, requested_choice
from billing.pages.forms import ShownPreviewForm, TermsForm
from billing.pages.guards import calls_stripe, error_message, owner_acts
from billing.quotes import Catalogue
from billing.subscription_types import Choice, StripeUnavailable
from tenants.selectors import public_url
from ui.labels import without_unit
from usage.presenters import format_amount
from usage.types import Gauge


@owner_acts
@get_or_post
@calls_stripe
def change(request: MemberRequest) -> HttpResponse:
    """Shows what the change costs now and at renewal; submitting makes the change as previewed."""
    choice, current, catalogue = requested_choice(request)
    if not current.is_live:
        return redirect(selection.url_with_choice("plan_checkout", choice))
    # The terms of sale are shown only if the workspace has not accepted the version in force.
    terms = TermsForm(request) if api.terms.needs_acceptance(request.tenant) else None
    if request.method not in SAFE_METHODS and (terms is None or terms.is_valid()):
        return _apply_change(request, choice, terms)
    try:
        preview = api.preview(request.tenant, choice)
    except (ValidationError, StripeUnavailable) as error:
        messages.error(request, error_message(error))
        return redirect(selection.url_with_choice("plan_choose", choice))
    context = {
        "now": current,
        "choice": choice,
        "preview": preview,
        "plan_name": _plan_name(choice, catalogue),
        "options": [add_on.name for add_on in catalogue.add_ons if add_on.code in choice.add_ons],
        "exceeded": [_exceeded_context(gauge) for gauge in preview.exceeded],
        "choose_url": selection.url_with_choice("plan_choose", choice),
        "form": terms,
        "terms_url": public_url("/conditions/"),
        "privacy_url": public_url("/confidentialite/"),
    }
    return render(request, "home/plan/change.html", context, status=422 if terms and terms.is_bound else 200)


def _apply_change(request: MemberRequest, choice: Choice, terms: TermsForm | None) -> HttpResponse:
    """Make the change, then redirect to the plan, to Stripe's payment page, or to a new preview with the error."""
    form = ShownPreviewForm(request.POST)
    preview_shown = form.cleaned_data if form.is_valid() else {"at": 0, "due": None}
    try:
        accepted = terms.accepted() if terms else None
        result = api.change(request.tenant, choice, **preview_shown, actor=request.user, accepted=accepted)
    except ValidationError as error:
        if error.code == "same":
            messages.info(request, error_message(error))
            return redirect("workspace_plan")
        messages.error(request, error_message(error))
        return redirect(selection.url_with_choice("plan_change", choice))
    if result.pay_url:
        return redirect(result.pay_url)
    messages.success(request, _("Le changement est fait."))
    return redirect("workspace_plan")


def _plan_name(choice: Choice, catalogue: Catalogue) -> str:
    return next((plan.name for plan in catalogue.plans if plan.code == choice.plan), choice.plan)


def _exceeded_context(gauge: Gauge) -> dict[str, Any]:
    """Template context of a gauge whose present use exceeds the new plan."""
    return {
        "label": without_unit(gauge.label),
        "used": format_amount(gauge.key, gauge.used),
        "limit": format_amount(gauge.key, gauge.limit),
    }
