"""What the operator's pages of several apps show of a workspace: its state, a link to its page, its columns."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import FieldTextFilter

from tenants.models import Tenant
from ui.console import NOTHING, ReadOnlyAdmin

State = Tenant.State


OF_ROW = Tenant.objects.filter(pk=OuterRef("tenant_id"))


class WithSlugAdmin(ReadOnlyAdmin):
    """Admin of rows with a workspace's key; annotates the workspace's slug in the same query."""

    list_display_links = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(slug=Subquery(OF_ROW.values("slug")[:1]))
        return rows


class WorkspaceFilter(FieldTextFilter):
    """Filter by the workspace's slug."""


class StateFilter(admin.SimpleListFilter):
    """Filter by the workspace's state."""

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
