from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlansConfig(AppConfig):
    name = "plans"
    verbose_name = _("Offres")

    def ready(self) -> None:
        from plans import modules  # noqa: F401 - registers its check
