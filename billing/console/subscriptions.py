"""The operator's pages of subscriptions. Their acts are in billing/subscription_acts.py."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.http import operator_of
from billing import subscription_acts as acts
from billing.console.parts import WorkspaceRowAdmin, status_badge, stripe_act_page
from billing.console.webhook_events import latest_events_of
from billing.models import Cancellation, DunningNotice, Subscription
from billing.stripe.states import SUSPENDED_AFTER
from billing.stripe.sync import is_state_overridden
from plans.models import Price, TenantAddOn
from tenants.console import StateFilter, workspace_link
from tenants.models import Tenant
from tenants.state_badge import state_badge
from ui.console import NOTHING, ReasonForm, amount, badge, moment, posted
from ui.console_text import two_lines

State = Tenant.State
# Groups of the list's filter: label, Stripe's statuses.
GROUPS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "current": (_("À jour"), ("active", "trialing")),
    "past_due": (_("En retard"), ("past_due",)),
    "unpaid": (_("Impayés"), ("unpaid",)),
    "paused": (_("En pause"), ("paused",)),
    "canceled": (_("Résiliés"), ("canceled",)),
    "never": (_("Jamais abonnés"), ("", "incomplete", "incomplete_expired")),
}


class GroupFilter(admin.SimpleListFilter):
    title = _("état chez Stripe")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(key, label) for key, (label, _statuses) in GROUPS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> QuerySet[Subscription]:
        group = GROUPS.get(self.value() or "")
        return queryset.filter(status__in=group[1]) if group else queryset


@admin.register(Subscription)
class SubscriptionAdmin(WorkspaceRowAdmin):
    list_display = (
        "shown_workspace",
        "shown_states",
        "shown_plan",
        "shown_mrr",
        "shown_end",
        "shown_owing",
        "shown_payment",
        "shown_read",
    )
    list_filter = (GroupFilter, StateFilter, "cancel_at_period_end")
    list_fullwidth = True
    search_fields = ("slug", "workspace_name", "stripe_customer_id", "stripe_id")
    search_help_text = _("Adresse courte ou nom de l’espace, identifiant chez Stripe")
    list_before_template = "admin/subscription_totals.html"
    actions_detail = ("reread", "mail_again")
    change_form_outer_after_template = "admin/subscription_after.html"
    fieldsets: ClassVar = (
        (_("Abonnement"), {"fields": ("workspace", "shown_states", "shown_plan", "shown_mrr", "shown_payment")}),
        (_("Échéances"), {"fields": ("shown_end", "shown_owing")}),
        (_("Chez Stripe"), {"fields": ("customer", "stripe_id", "shown_read", "shown_event")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.fieldsets for name in options["fields"])

    def beside_list(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        return {"totals": totals(request.GET.get("group", ""))}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if row is not None:
            filters = {"tenant_id": row.tenant_id}
            context |= {
                "options": TenantAddOn.objects.filter(**filters, until=None).select_related("add_on"),
                "notices": DunningNotice.objects.filter(**filters).order_by("-at")[:12],
                "cancellations": Cancellation.objects.filter(**filters)[:5],
                "events": latest_events_of(row.stripe_customer_id),
            }
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return response

    # Columns and fields

    @display(description=_("Espace"), ordering="slug")
    def shown_workspace(self, row: Any) -> SafeString:
        return format_html(
            '<span class="rc-two"><a class="rc-link rc-strong" href="{}">{}</a><br>{}</span>',
            reverse("admin:billing_subscription_change", args=[row.pk]),
            row.workspace_name or _("Espace supprimé"),
            _slug_link(row),
        )

    @display(description=_("Espace"))
    def workspace(self, row: Any) -> str | SafeString:
        return workspace_link(row)

    @display(description=_("État ici, chez Stripe"), ordering="status")
    def shown_states(self, row: Any) -> SafeString:
        own_state = state_badge(row.workspace_state)
        if is_manual_state(row):
            own_state = format_html("{} {}", own_state, badge(_("À la main"), "wait"))
        return format_html('<span class="rc-two">{}<br>{}</span>', own_state, status_badge(row.status))

    @display(description=_("Offre"), ordering="plan_code")
    def shown_plan(self, row: Any) -> str | SafeString:
        if not row.plan_code:
            return NOTHING
        interval = format_html('<span class="rc-nowrap">{}</span>', format_interval(row.interval))
        return two_lines(gettext(row.plan_name or row.plan_code), interval)

    @display(description=_("Par mois"), ordering="mrr_euros")
    def shown_mrr(self, row: Any) -> SafeString:
        return amount(row.mrr_euros)

    @display(description=_("Échéance"), ordering="period_end")
    def shown_end(self, row: Any) -> str | SafeString:
        if row.period_end is None:
            return NOTHING
        if row.cancel_at_period_end or row.status == "canceled":
            return two_lines(moment(row.period_end), _("puis prend fin"))
        return moment(row.period_end)

    @display(description=_("Impayé depuis"), ordering="past_due_since")
    def shown_owing(self, row: Any) -> str | SafeString:
        return moment(row.past_due_since)

    @display(description=_("Paiement, remise"))
    def shown_payment(self, row: Any) -> SafeString:
        return two_lines(row.payment_method or NOTHING, row.discount)

    @display(description=_("Lu le"), ordering="read_at")
    def shown_read(self, row: Any) -> str | SafeString:
        return moment(row.read_at)

    @display(description=_("Dernier événement"))
    def shown_event(self, row: Any) -> str | SafeString:
        return moment(row.last_event_at)

    @display(description=_("Client"))
    def customer(self, row: Any) -> str | SafeString:
        page = stripe_page(row.stripe_customer_id)
        if not page:
            return row.stripe_customer_id or NOTHING
        link = '<a class="rc-link" href="{}" target="_blank" rel="noopener noreferrer">{}</a>'
        return format_html(link, page, row.stripe_customer_id)

    # Acts

    def has_mail_again_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return _exists(object_id, status="past_due")

    def has_reread_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return _exists(object_id)

    @action(description=_("Relire chez Stripe"), url_path="reread", icon="sync", permissions=["reread"])
    def reread(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = _get_or_404(object_id)

        def do(form: Any) -> str:
            acts.reread(tenant_id=row.tenant_id, actor=operator_of(request), **form.cleaned_data)
            return gettext("L’espace suit ce que dit Stripe.")

        return stripe_act_page(
            self,
            request,
            ReasonForm(posted(request)),
            do,
            title=_("Relire l’abonnement chez Stripe"),
            explanation=_(
                "Stripe est interrogé maintenant : état, offre et options de l’espace suivent sa réponse. "
                "Un état changé à la main reste, tant que Stripe dit la même chose."
            ),
            button=_("Relire"),
            back=reverse("admin:billing_subscription_change", args=[row.pk]),
        )

    @action(description=_("Relancer"), url_path="mail", icon="forward_to_inbox", permissions=["mail_again"])
    def mail_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = _get_or_404(object_id)

        def do(form: Any) -> str:
            acts.mail_again(tenant_id=row.tenant_id, actor=operator_of(request), **form.cleaned_data)
            return gettext("La relance part vers les propriétaires.")

        return stripe_act_page(
            self,
            request,
            ReasonForm(posted(request)),
            do,
            title=_("Relancer les propriétaires"),
            explanation=_(
                "L’e-mail du jour leur est envoyé de nouveau : le paiement a échoué, et voici jusqu’à quand le régler."
            ),
            button=_("Envoyer la relance"),
            back=reverse("admin:billing_dunning_changelist"),
        )


def totals(chosen: str) -> dict[str, Any]:
    """Number of subscriptions and MRR by group, and the MRR at risk, in one query. `chosen`: a key of `GROUPS`."""
    by_status_rows = Subscription.objects.values("status").annotate(rows=Count("pk"), euros=Sum("mrr_euros")).order_by()
    by_status = {row["status"]: row for row in by_status_rows}
    groups = []
    for key, (label, statuses) in GROUPS.items():
        group_rows = [by_status[status] for status in statuses if status in by_status]
        rows, mrr = sum(row["rows"] for row in group_rows), sum(row["euros"] for row in group_rows)
        groups.append({"key": key, "label": label, "rows": rows, "euros": mrr, "chosen": key == chosen})
    risk = by_status.get("past_due", {"rows": 0, "euros": 0})
    return {"groups": groups, "rows": sum(group["rows"] for group in groups), "chosen": chosen, "risk": risk}


def is_manual_state(row: Any) -> bool:
    """True if the operator has set the workspace's state and the facts at Stripe have not changed since."""
    return bool(row.workspace_state) and is_state_overridden(row, Tenant(state=row.workspace_state))


def read_only_at(row: Any) -> datetime | None:
    return row.past_due_since + SUSPENDED_AFTER if row.past_due_since else None


def format_interval(interval: str) -> str:
    return gettext("par mois") if interval == Price.Interval.MONTH else gettext("par an")


def format_days(days: int) -> str:
    return ngettext("%(n)d jour", "%(n)d jours", days) % {"n": days}


def stripe_page(customer: str) -> str:
    """The address of the customer's page in Stripe's dashboard; "" if a fake of Stripe is configured."""
    if not customer or hasattr(settings, "STRIPE_API_HOST"):
        return ""
    return f"https://dashboard.stripe.com/{'' if settings.STRIPE_LIVE_MODE else 'test/'}customers/{customer}"


def _slug_link(row: Any) -> str | SafeString:
    if not row.slug:
        return NOTHING
    page = reverse("admin:tenants_tenant_change", args=[row.tenant_id])
    return format_html('<a class="rc-link" href="{}">{}</a>', page, row.slug)


def _get_or_404(object_id: str) -> Subscription:
    try:
        return get_object_or_404(Subscription, pk=UUID(str(object_id)))
    except ValueError as error:
        raise Http404 from error


def _exists(object_id: Any, **filters: Any) -> bool:
    try:
        return Subscription.objects.filter(pk=object_id, **filters).exists()
    except ValidationError:
        return False
