from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = _("Espaces")

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from tenants import checks  # noqa: F401
        from tenants.grants import grant_after_migrate

        post_migrate.connect(grant_after_migrate, dispatch_uid="ruche_grants")
