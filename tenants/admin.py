"""Read-only admin pages for domains, ready schemas and deletions. Workspaces themselves are in console/admin.py."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from tenants.models import DeletionCertificate, Domain, ReadySchema, SchemaFailure, Tenant
from ui.console import NOTHING, ReadOnlyAdmin, moment


@admin.register(Domain)
class DomainAdmin(ReadOnlyAdmin):
    list_display = ("shown_domain", "shown_tenant", "shown_primary")
    fields = list_display
    list_select_related = ("tenant",)
    search_fields = ("domain", "tenant__slug", "tenant__name")
    ordering = ("domain",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    @display(description=_("Adresse"), ordering="domain")
    def shown_domain(self, row: Domain) -> str:
        return str(row.domain)

    @display(description=_("Espace"), ordering="tenant__name")
    def shown_tenant(self, row: Domain) -> str:
        return str(row.tenant)

    @display(description=_("Principale"), ordering="is_primary", boolean=True)
    def shown_primary(self, row: Domain) -> bool:
        return bool(row.is_primary)


@admin.register(ReadySchema)
class ReadySchemaAdmin(ReadOnlyAdmin):
    list_display = ("schema_name", "tenant", "created_at")
    list_select_related = ("tenant",)
    list_filter = (("tenant", admin.EmptyFieldListFilter),)


@admin.register(DeletionCertificate)
class DeletionCertificateAdmin(ReadOnlyAdmin):
    list_display = ("name", "slug", "shown_deleted", "reason")
    search_fields = ("name", "slug", "reason")
    ordering = ("-deleted_at",)

    @display(description=_("Supprimé le"), ordering="deleted_at")
    def shown_deleted(self, row: DeletionCertificate) -> str:
        return moment(row.deleted_at)


@admin.register(SchemaFailure)
class SchemaFailureAdmin(ReadOnlyAdmin):
    """Workspaces that answer 503 until `fleet_migrate --resume` has brought them up to the code."""

    list_display = ("shown_schema", "shown_workspace", "migration", "error", "tries", "shown_failed")
    search_fields = ("schema_name", "migration", "error")
    ordering = ("-failed_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SchemaFailure]:
        slug = Tenant.objects.filter(schema_name=OuterRef("schema_name")).values("slug")[:1]
        failures: QuerySet[SchemaFailure] = super().get_queryset(request).annotate(slug=Subquery(slug))
        return failures

    @display(description=_("Schéma"), ordering="schema_name")
    def shown_schema(self, row: SchemaFailure) -> str:
        return row.schema_name

    @display(description=_("Espace"), ordering="slug")
    def shown_workspace(self, row: Any) -> str:
        return row.slug or NOTHING

    @display(description=_("Dernier échec"), ordering="failed_at")
    def shown_failed(self, row: SchemaFailure) -> str:
        return moment(row.failed_at)
