from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from tenants import checks  # noqa: F401
        from tenants.grants import grant_after_migrate

        post_migrate.connect(grant_after_migrate, dispatch_uid="ruche_grants")
