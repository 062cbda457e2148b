"""What the operator reads of the ground. Workspaces themselves are in website/admin.py, beside their figures."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.console import ReadOnlyAdmin, moment
from tenants.models import DeletionCertificate, Domain, ReadySchema


@admin.register(Domain)
class DomainAdmin(ReadOnlyAdmin):
    list_display = ("domain", "tenant", "is_primary")
    list_select_related = ("tenant",)
    search_fields = ("domain", "tenant__slug", "tenant__name")
    ordering = ("domain",)


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
