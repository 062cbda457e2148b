from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Facturation")

    def ready(self) -> None:
        from billing import modules  # noqa: F401 - registers its check
        from billing.checks import check_stripe_in_public

        check_stripe_in_public()
