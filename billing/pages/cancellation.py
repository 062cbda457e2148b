"""Leaving at the end of what is paid, with what is offered before; and coming back until then."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import MemberRequest
from billing import api
from billing.pages import selection
from billing.pages.buying import TWO_WAYS
from billing.pages.forms import LeavingForm
from billing.pages.guards import asks_stripe, owner_acts
from billing.subscription_types import Choice, Current, Offer


@owner_acts
@TWO_WAYS
@asks_stripe
def cancel(request: MemberRequest) -> HttpResponse:
    """Why, then what is offered if something is, then the end; sent again, where that stands."""
    now = api.current(request.tenant)
    if not now.is_live:
        messages.info(request, _("Rien n’est à résilier : aucun abonnement n’est en cours."))
        return redirect("workspace_plan")
    if now.ends:
        return render(request, "home/plan/leaving.html", {"now": now})
    form = LeavingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _answer(request, form, now)
    return render(request, "home/plan/cancel.html", {"form": form, "now": now}, status=422 if form.is_bound else 200)


def _answer(request: MemberRequest, form: LeavingForm, now: Current) -> HttpResponse:
    said = form.cleaned_data
    tenant, reason, comment = request.tenant, said["reason"], said["comment"]
    offer = api.counter_offer(tenant, reason)
    if said["accepted"]:
        api.offer_accept(tenant, said["accepted"], reason=reason, comment=comment, actor=request.user)
        messages.success(request, _("Merci de rester. La remise s’applique dès la prochaine facture."))
        return redirect("workspace_plan")
    if offer is not None and not said["declined"]:
        context = {"form": form, "offer": offer, "now": now, "plan_url": _plan_url(offer, now)}
        return render(request, "home/plan/offer.html", context)
    offered = (offer.code or offer.kind) if offer else ""
    api.cancel(tenant, reason=reason, comment=comment, offer=offered, actor=request.user)
    return redirect("plan_cancel")


def _plan_url(offer: Offer, now: Current) -> str:
    """Where the plan that is offered can be seen before anything changes."""
    if offer.kind != "plan" or now.choice is None:
        return ""
    return selection.address("plan_change", Choice(offer.code, now.choice.interval, now.choice.add_ons))


@owner_acts
@require_POST
@asks_stripe
def resume(request: MemberRequest) -> HttpResponse:
    """Go on as if it had not been ended."""
    api.resume(request.tenant, actor=request.user)
    messages.success(request, _("L’offre continue : la résiliation est annulée."))
    return redirect("workspace_plan")
