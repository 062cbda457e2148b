"""Console pages of workspaces: the list and the page of one.

They are here because they join `analytics` and `plans`, which `tenants` does not import. Every action is a service of
`tenants`.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from console import deliveries, platform  # noqa: F401 - register their pages
from console.workspace_actions import WorkspaceActions
from console.workspace_columns import WorkspaceColumns
from console.workspace_creation import WorkspaceCreation
from plans.models import Plan
from plans.selectors import plan_of
from tenants.models import Tenant
from usage.selectors import gauges


class PlanFilter(admin.SimpleListFilter):
    title = _("offre")
    parameter_name = "plan"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Plan.objects.values_list("code", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> QuerySet[Tenant]:
        return queryset.filter(plan_code=self.value()) if self.value() else queryset


@admin.register(Tenant)
class TenantAdmin(WorkspaceColumns, WorkspaceActions, WorkspaceCreation):
    list_display = (
        "shown_name",
        "shown_state",
        "shown_plan",
        "shown_contents",
        "shown_tokens",
        "shown_cost",
        "shown_activity",
    )
    list_filter = ("state", PlanFilter)
    search_fields = ("name", "slug", "email")
    search_help_text = _("Nom, adresse courte ou e-mail du propriétaire")
    list_display_links = None
    actions_list = ("new_workspace",)
    actions_detail = (
        "change_plan",
        "extend_trial",
        "suspend",
        "resume",
        {"title": _("Fin de vie"), "icon": "more_horiz", "items": ["close", "delete_now"]},
    )
    change_form_outer_after_template = "admin/workspace_after.html"
    fieldsets: ClassVar = (
        (_("Espace"), {"fields": ("name", "address", "email", "language", "shown_plan")}),
        (_("État"), {"fields": ("shown_state", "state_reason", "since", "trial_end", "shown_activity")}),
        (_("Ce mois-ci"), {"fields": ("shown_contents", "shown_tokens", "shown_cost")}),
        (_("Technique"), {"fields": ("shown_schema", "shown_key", "shown_created"), "classes": ("collapse",)}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.fieldsets for name in options["fields"])

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        tenant = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if tenant is not None:
            ref = tenant.ref(tenant.primary_host or "")
            context["gauges"] = gauges(ref, [key for key in ("ai_tokens", "ai_euros") if key in plan_of(ref)["limits"]])
            context["audit_entries"] = AuditEntry.objects.filter(target=tenant.slug)[:10]
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return response
