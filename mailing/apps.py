from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Error, register
from django.core.mail.message import sanitize_address
from django.utils.translation import gettext_lazy as _


class MailingConfig(AppConfig):
    name = "mailing"
    verbose_name = _("Messagerie")

    def ready(self) -> None:
        register(sender_can_be_written)


def sender_can_be_written(**_options: Any) -> list[Error]:
    """Error ruche.E030: DEFAULT_FROM_EMAIL is not a valid address, so every mail would fail."""
    try:
        sanitize_address(settings.DEFAULT_FROM_EMAIL, "utf-8")
    except ValueError as error:
        hint = 'A name with a comma or a point stands in quotes: "Durand, SARL" <contact@example.com>'
        return [Error(f"DEFAULT_FROM_EMAIL cannot be written in a mail: {error}", hint=hint, id="ruche.E030")]
    return []
