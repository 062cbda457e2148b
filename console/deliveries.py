"""Console page of the outbox of facts: waiting, retrying and failed deliveries, with a rerun of failed ones."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.delivery_actions import deliveries_rerun
from accounts.http import operator_of
from events.models import Delivery
from events.selectors import DEAD, RETRYING, WAITING, backlog
from tenants.models import Tenant
from ui.console import NOTHING, ReadOnlyAdmin, ReasonForm, act_page, badge, moment, posted
from ui.console_acts import ChosenRowsForm
from ui.console_cases import Case, CaseFilter, case_totals
from ui.console_text import strong, two_lines

MAX_AT_ONCE = 200
CASES: dict[str, Case] = {
    "waiting": (_("À livrer"), "wait", WAITING),
    "retrying": (_("Nouvel essai prévu"), "warn", RETRYING),
    "dead": (_("Abandonnée"), "bad", DEAD),
}


class DeliveryCaseFilter(CaseFilter):
    cases = CASES


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display_links = None
    list_display = ("shown_at", "shown_fact", "shown_workspace", "shown_case", "shown_error")
    list_filter = (DeliveryCaseFilter,)
    list_filter_submit = True
    list_before_template = "admin/delivery_totals.html"
    list_select_related = ("fact",)
    search_fields = ("consumer", "fact__name")
    search_help_text = _("Destinataire ou nom du fait")
    actions = ("rerun_chosen",)  # type: ignore[assignment]
    actions_detail = ("rerun",)
    fieldsets: ClassVar = (
        (_("Fait"), {"fields": ("shown_at", "shown_fact", "shown_workspace", "shown_data")}),
        (_("Livraison"), {"fields": ("shown_case", "tries", "shown_due", "shown_error")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.fieldsets for name in options["fields"])

    def beside_list(self, request: HttpRequest, shown: Any) -> dict[str, Any]:
        shown.result_list = attach_workspaces(shown.result_list)
        totals = backlog()
        oldest = moment(totals.oldest) if totals.oldest else ""
        return {"cases": case_totals(CASES, asdict(totals), request), "oldest": oldest}

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return attach_workspaces([row])[0] if row else None

    # columns

    @display(description=_("Survenu le"), ordering="fact__at")
    def shown_at(self, row: Any) -> str | SafeString:
        page = reverse("admin:events_delivery_change", args=[row.pk])
        return format_html('<a class="rc-link" href="{}">{}</a>', page, moment(row.fact.at))

    @display(description=_("Fait, destinataire"), ordering="fact__name")
    def shown_fact(self, row: Any) -> SafeString:
        return two_lines(strong(row.fact.name), row.consumer)

    @display(description=_("Espace"))
    def shown_workspace(self, row: Any) -> str | SafeString:
        if row.fact.tenant_id is None:
            return gettext("Plateforme")
        if row.workspace is None:
            return gettext("Espace supprimé")
        page = reverse("admin:tenants_tenant_change", args=[row.workspace.pk])
        label = two_lines(row.workspace.name, row.workspace.slug)
        return format_html('<a class="rc-link" href="{}">{}</a>', page, label)

    @display(description=_("État"), ordering="dead_at")
    def shown_case(self, row: Delivery) -> SafeString:
        label, kind, _condition = CASES[case_of(row)]
        return badge(label, kind)

    @display(description=_("Dernier échec"))
    def shown_error(self, row: Delivery) -> str | SafeString:
        if not row.error:
            return NOTHING
        return two_lines(row.error, ngettext("%(n)d essai", "%(n)d essais", row.tries) % {"n": row.tries})

    @display(description=_("Prochain essai"))
    def shown_due(self, row: Delivery) -> str | SafeString:
        return NOTHING if row.dead_at else moment(row.due_at)

    @display(description=_("Valeurs"))
    def shown_data(self, row: Any) -> SafeString:
        values = {"subject_id": str(row.fact.subject_id), "actor_id": str(row.fact.actor_id or "")} | row.fact.data
        text = json.dumps(values, ensure_ascii=False, indent=2)
        return format_html('<pre class="rc-text rc-mono" data-fact>{}</pre>', text)

    # actions

    def has_rerun_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(self.get_queryset(request).filter(DEAD, pk=object_id).exists())

    @action(description=_("Livrer de nouveau"), url_path="rerun", icon="replay", permissions=["rerun"])
    def rerun(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = get_object_or_404(Delivery.objects.select_related("fact"), pk=object_id)

        def do(form: Any) -> str:
            deliveries_rerun(keys=[row.pk], actor=operator_of(request), **form.cleaned_data)
            return gettext("La livraison repart.")

        return act_page(
            self,
            request,
            title=gettext("Relancer la livraison de « %(fact)s »") % {"fact": row.fact.name},
            explanation=_("Le destinataire reçoit le fait de nouveau, avec autant d’essais qu’au début."),
            button=_("Livrer de nouveau"),
            form=ReasonForm(posted(request)),
            do=do,
            back=reverse("admin:events_delivery_changelist"),
        )

    @admin.action(description=_("Relancer les livraisons choisies"))
    def rerun_chosen(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse:
        keys = [str(key) for key in queryset.order_by("id").values_list("pk", flat=True)[: MAX_AT_ONCE + 1]]
        form = ChosenRowsForm(request, "rerun_chosen", keys)

        def do(form: Any) -> str:
            if len(keys) > MAX_AT_ONCE:
                form.add_error(None, gettext("Choisissez 200 livraisons au plus."))
                return ""
            reason = form.cleaned_data["reason"]
            count = deliveries_rerun(keys=keys, actor=operator_of(request), reason=reason)
            return ngettext("%(n)d livraison repart.", "%(n)d livraisons repartent.", count) % {"n": count}

        return act_page(
            self,
            request,
            title=_("Relancer les livraisons choisies"),
            explanation=_("Celles qui sont abandonnées repartent ; les autres suivent leur cours."),
            button=_("Livrer de nouveau"),
            form=form,
            do=do,
            back=reverse("admin:events_delivery_changelist"),
        )


def case_of(row: Delivery) -> str:
    """Key of `CASES`."""
    if row.dead_at:
        return "dead"
    return "retrying" if row.tries else "waiting"


def attach_workspaces(rows: Iterable[Any]) -> list[Any]:
    """Set `workspace` on each row (None: of the platform, or deleted), in one query."""
    rows = list(rows)
    tenants = Tenant.objects.in_bulk({row.fact.tenant_id for row in rows if row.fact.tenant_id})
    for row in rows:
        row.workspace = tenants.get(row.fact.tenant_id)
    return rows
