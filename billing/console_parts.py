"""What the operator's pages of subscriptions, debts, events and cancellations share: words, marks, workspaces."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from billing.console_text import euros
from billing.models import Plan
from billing.subscription_types import StripeAway
from tenants.models import Tenant
from tenants.state_badge import state_badge
from ui.console import NOTHING, ReadOnlyAdmin, act_page, badge, figure

State = Tenant.State
# Stripe's own words, in people's.
STATUSES: dict[str, tuple[Any, str]] = {
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
AWAY = _("Stripe n’a pas répondu : rien n’est changé. Réessayez dans un moment.")


OF_ROW = Tenant.objects.filter(pk=OuterRef("tenant_id"))


class WithSlugAdmin(ReadOnlyAdmin):
    """Rows that keep a workspace's key. Its short address comes with them, in the same query."""

    list_display_links = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request).annotate(slug=Subquery(OF_ROW.values("slug")[:1]))
        return found


class OfWorkspaceAdmin(WithSlugAdmin):
    """The same with the workspace's name, state and plan."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        found: QuerySet[Any] = rows.annotate(
            workspace_name=Subquery(OF_ROW.values("name")[:1]),
            workspace_state=Subquery(OF_ROW.values("state")[:1]),
            plan_name=Subquery(Plan.objects.filter(code=OuterRef("plan_code")).values("name")[:1]),
        )
        return found

    @display(description=_("Espace"), ordering="slug")
    def shown_workspace(self, row: Any) -> str | SafeString:
        return workspace_link(row)

    @display(description=_("Espace"), ordering="workspace_state")
    def shown_state(self, row: Any) -> str | SafeString:
        return state_badge(row.workspace_state)


class StateFilter(admin.SimpleListFilter):
    """By the workspace's state."""

    title = _("état de l’espace")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(workspace_state=self.value()) if self.value() else queryset


def workspace_link(row: Any) -> str | SafeString:
    """The workspace's name and its short address, to its page. One that is gone has neither."""
    if not row.slug:
        return NOTHING
    page = reverse("admin:tenants_tenant_change", args=[row.tenant_id])
    return format_html(
        '<span class="rc-two"><a class="rc-link rc-strong" href="{}">{}</a><br><span class="rc-muted">{}</span></span>',
        page,
        row.workspace_name,
        row.slug,
    )


def status_badge(status: str) -> SafeString:
    """A word that Stripe did not have when this was written is shown as it is."""
    text, kind = STATUSES.get(status, (status, "neutral"))
    return badge(text, kind)


def amount(value: Decimal) -> SafeString:
    return figure(euros(value))


def asking_page(
    admin: Any, request: HttpRequest, form: forms.Form, do: Callable[[forms.Form], str], **page: Any
) -> HttpResponse:
    """`act_page` for what may be refused, or ask Stripe in vain: the form says it."""

    def tried(form: forms.Form) -> str:
        try:
            return do(form)
        except ValidationError as error:
            refuse = getattr(form, "refuse", None)
            refuse(error) if refuse else form.add_error(None, error)
        except StripeAway:
            form.add_error(None, AWAY)
        return ""

    return act_page(admin, request, form=form, do=tried, **page)
