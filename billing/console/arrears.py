"""The console's list of unpaid subscriptions, with the start of the arrears and the mails sent."""

from typing import Any

from django.contrib import admin
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from billing.console.parts import WorkspaceRowAdmin, status_badge
from billing.console.subscriptions import format_days, read_only_at
from billing.models import Dunning, DunningNotice
from tenants.models import Tenant
from tenants.state_badge import state_badge
from ui.console import NOTHING, amount, badge, moment
from ui.console_text import two_lines

State = Tenant.State


@admin.register(Dunning)
class DunningAdmin(WorkspaceRowAdmin):
    """Unpaid subscriptions, the oldest arrears first."""

    list_display = (
        "shown_workspace",
        "shown_states",
        "shown_since",
        "shown_mails",
        "shown_read_only",
        "shown_mrr",
        "shown_acts",
    )
    search_fields = ("slug", "workspace_name")
    list_before_template = "admin/dunning_totals.html"
    ordering = ("past_due_since", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        notices = DunningNotice.objects.filter(
            tenant_id=OuterRef("tenant_id"), past_due_since=OuterRef("past_due_since")
        )
        unpaid = Q(status__in=("past_due", "unpaid")) | Q(status="canceled", past_due_since__isnull=False)
        rows = super().get_queryset(request).filter(unpaid, slug__isnull=False).exclude(workspace_state=State.CLOSED)
        with_mails: QuerySet[Any] = rows.annotate(sent_days=ArraySubquery(notices.order_by("day").values("day")))
        return with_mails

    def beside_list(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        unpaid = self.get_queryset(request)
        return {"at_risk": unpaid.aggregate(rows=Count("pk"), euros=Sum("mrr_euros", default=0))}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return redirect("admin:billing_subscription_change", object_id)

    @display(description=_("État ici, chez Stripe"), ordering="status")
    def shown_states(self, row: Any) -> SafeString:
        return format_html(
            '<span class="rc-two">{}<br>{}</span>', state_badge(row.workspace_state), status_badge(row.status)
        )

    @display(description=_("Impayé depuis"), ordering="past_due_since")
    def shown_since(self, row: Any) -> str | SafeString:
        if row.past_due_since is None:
            return NOTHING
        return two_lines(moment(row.past_due_since), format_days((timezone.now() - row.past_due_since).days))

    @display(description=_("E-mails (jours)"))
    def shown_mails(self, row: Any) -> str:
        return " · ".join(str(day) for day in row.sent_days) or NOTHING

    @display(description=_("Lecture seule"), ordering="past_due_since")
    def shown_read_only(self, row: Any) -> str | SafeString:
        if row.workspace_state == State.SUSPENDED:
            return badge(_("En lecture seule"), "bad")
        return moment(read_only_at(row))

    @display(description=_("Par mois"), ordering="mrr_euros")
    def shown_mrr(self, row: Any) -> SafeString:
        return amount(row.mrr_euros)

    @display(description=_("Gestes"))
    def shown_acts(self, row: Any) -> SafeString:
        link = '<a class="rc-link rc-nowrap" href="{}">{}</a>'
        page = reverse("admin:billing_subscription_change", args=[row.pk])
        parts = [format_html(link, page, _("Abonnement"))]
        if row.status == "past_due" and row.workspace_state == State.PAST_DUE:
            parts.append(
                format_html(link, reverse("admin:billing_subscription_mail_again", args=[row.pk]), _("Relancer…"))
            )
        parts.append(
            format_html(link, reverse("admin:tenants_tenant_change", args=[row.tenant_id]), _("Changer l’état…"))
        )
        # One element, because the theme lays several side by side on a narrow screen.
        return format_html('<span class="rc-two">{}</span>', SafeString(" · ".join(parts)))
