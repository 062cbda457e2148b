from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = _("Espaces")

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from tenants import checks, names  # noqa: F401
        from tenants.content import checks as content_checks  # noqa: F401
        from tenants.fleet.stock import after_stock_migration

        post_migrate.connect(after_stock_migration, dispatch_uid="ruche_after_stock_migration")
