from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Comptes")

    def ready(self) -> None:
        from allauth.account.signals import email_changed

        from accounts.services import record_address_change

        email_changed.connect(record_address_change, dispatch_uid="accounts.address_changed")
