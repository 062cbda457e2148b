"""The outbox: every mail of the platform, before and after delivery."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from ui.lines import LineField


class OutboxMessage(models.Model):
    """One mail. Its body, which may contain a password or a code, is erased once sent (except in the embedded run)."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("En attente")
        SENT = "sent", _("Envoyé")
        FAILED = "failed", _("Échec")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # No foreign key: mails outlive their workspace.
    tenant_id = models.UUIDField(null=True, blank=True)
    tenant_slug = LineField(_("espace"), max_length=40, blank=True)
    sender = LineField(_("expéditeur"), max_length=320)
    to = models.JSONField(_("destinataires"), default=list)
    subject = LineField(_("objet"), max_length=300)
    text = models.TextField(_("texte"), blank=True)
    html = models.TextField(_("HTML"), blank=True)
    # Contains a password, a code or a link with access: the body is also erased after the last failed try.
    carries_secret = models.BooleanField(default=True, db_default=True, editable=False)
    status = LineField(_("état"), max_length=8, choices=Status.choices, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(_("essais"), default=0)
    error = LineField(_("erreur"), max_length=300, blank=True)
    # Lease of the process that delivers it: no other one does before this time.
    taken_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)
    sent_at = models.DateTimeField(_("envoyé le"), null=True, blank=True)

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails envoyés")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["created_at"], condition=models.Q(status="waiting"), name="mailing_outbox_waiting")
        ]

    def __str__(self) -> str:
        return self.subject
