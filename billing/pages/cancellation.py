"""Pages of cancellation at the end of the period, with a counter-offer, and of resumption until then."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import MemberRequest
from billing import api
from billing.pages import selection
from billing.pages.buying import get_or_post
from billing.pages.forms import CancellationForm
from billing.pages.guards import calls_stripe, owner_acts
from billing.subscription_types import Choice, CounterOffer, Current


@owner_acts
@get_or_post
@calls_stripe
def cancel(request: MemberRequest) -> HttpResponse:
    """Asks for the reason, shows the counter-offer if there is one, then cancels; afterwards shows the end date."""
    current = api.current(request.tenant)
    if not current.is_live:
        messages.info(request, _("Rien n’est à résilier : aucun abonnement n’est en cours."))
        return redirect("workspace_plan")
    if current.ends:
        return render(request, "home/plan/leaving.html", {"now": current})
    form = CancellationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _submit(request, form, current)
    return render(
        request, "home/plan/cancel.html", {"form": form, "now": current}, status=422 if form.is_bound else 200
    )


def _submit(request: MemberRequest, form: CancellationForm, current: Current) -> HttpResponse:
    data = form.cleaned_data
    tenant, reason, comment = request.tenant, data["reason"], data["comment"]
    offer = api.counter_offer(tenant, reason)
    if data["accepted"]:
        api.offer_accept(tenant, data["accepted"], reason=reason, comment=comment, actor=request.user)
        messages.success(request, _("Merci de rester. La remise s’applique dès la prochaine facture."))
        return redirect("workspace_plan")
    if offer is not None and not data["declined"]:
        context = {"form": form, "offer": offer, "now": current, "plan_url": _plan_url(offer, current)}
        return render(request, "home/plan/offer.html", context)
    offer_code = (offer.code or offer.kind) if offer else ""
    api.cancel(tenant, reason=reason, comment=comment, offer=offer_code, actor=request.user)
    return redirect("plan_cancel")


def _plan_url(offer: CounterOffer, current: Current) -> str:
    """The address of the preview of a change to the offered plan; "" for other offers."""
    if offer.kind != "plan" or current.choice is None:
        return ""
    return selection.url_with_choice("plan_change", Choice(offer.code, current.choice.interval, current.choice.add_ons))


@owner_acts
@require_POST
@calls_stripe
def resume(request: MemberRequest) -> HttpResponse:
    """Undo the cancellation."""
    api.resume(request.tenant, actor=request.user)
    messages.success(request, _("L’offre continue : la résiliation est annulée."))
    return redirect("workspace_plan")
