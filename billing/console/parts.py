"""Shared parts of the operator's pages of subscriptions, arrears, events, terms and cancellations."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from billing.subscription_types import StripeUnavailable
from plans.models import Plan
from tenants.console import OF_ROW, WithSlugAdmin, workspace_link
from tenants.state_badge import state_badge
from ui.console import badge, refusable_act_page

# Stripe's status of a subscription → label, kind of badge.
STATUS_BADGES: dict[str, tuple[Any, str]] = {
    "": (_("Aucun abonnement"), "neutral"),
    "incomplete": (_("Premier paiement attendu"), "wait"),
    "incomplete_expired": (_("Jamais payé"), "neutral"),
    "trialing": (_("À l’essai"), "wait"),
    "active": (_("À jour"), "good"),
    "past_due": (_("En retard"), "warn"),
    "unpaid": (_("Impayé"), "bad"),
    "paused": (_("En pause"), "neutral"),
    "canceled": (_("Résilié"), "neutral"),
}


STRIPE_UNAVAILABLE = _("Stripe n’a pas répondu : rien n’est changé. Réessayez dans un moment.")


class WorkspaceRowAdmin(WithSlugAdmin):
    """Lists rows with the slug, name and state of their workspace, and the name of the row's plan."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        annotated: QuerySet[Any] = rows.annotate(
            workspace_name=Subquery(OF_ROW.values("name")[:1]),
            workspace_state=Subquery(OF_ROW.values("state")[:1]),
            plan_name=Subquery(Plan.objects.filter(code=OuterRef("plan_code")).values("name")[:1]),
        )
        return annotated

    @display(description=_("Espace"), ordering="slug")
    def shown_workspace(self, row: Any) -> str | SafeString:
        return workspace_link(row)

    @display(description=_("Espace"), ordering="workspace_state")
    def shown_state(self, row: Any) -> str | SafeString:
        return state_badge(row.workspace_state)


def status_badge(status: str) -> SafeString:
    """The badge of a Stripe status; an unknown status is shown unchanged."""
    text, kind = STATUS_BADGES.get(status, (status, "neutral"))
    return badge(text, kind)


def stripe_act_page(
    admin: Any, request: HttpRequest, form: forms.Form, do: Callable[[forms.Form], str], **page: Any
) -> HttpResponse:
    """`refusable_act_page` for an act that calls Stripe: `StripeUnavailable` is shown as an error of the form."""

    def do_or_refuse(form: forms.Form) -> str:
        try:
            return do(form)
        except StripeUnavailable as error:
            raise ValidationError(STRIPE_UNAVAILABLE) from error

    return refusable_act_page(admin, request, form, do_or_refuse, **page)
