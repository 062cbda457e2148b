"""Kinds of mail, for those who send."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

# Mails that each person chooses to get or not (notifications/kinds.py): those of sequences, and the weekly report.
ADVICE: Final = "advice"
WEEKLY: Final = "weekly"


class MailKind(models.TextChoices):
    """All but transactional mail carries a link that stops it."""

    TRANSACTIONAL = "transactional", _("Transactionnel")
    NOTIFICATION = "notification", _("Notification")
    PRODUCT = "product", _("Nouveautés")
    SEQUENCE = "sequence", _("Séquence")
    REPORT = "report", _("Bilan")
