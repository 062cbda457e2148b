from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AppConfig):
    default = True
    name = "console"
    verbose_name = _("Console de l’opérateur")


class RucheAdminConfig(admin.AdminConfig):
    """Django's admin with `RucheAdminSite` as its default site."""

    default = False
    default_site = "console.site.RucheAdminSite"
