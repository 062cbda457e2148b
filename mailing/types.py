"""Kinds of mail, for those who send."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MailKind(models.TextChoices):
    """All but transactional mail carries a link that stops it."""

    TRANSACTIONAL = "transactional", _("Transactionnel")
    NOTIFICATION = "notification", _("Notification")
    PRODUCT = "product", _("Nouveautés")
    SEQUENCE = "sequence", _("Séquence")
    REPORT = "report", _("Bilan")
