"""Requests for a workspace, and the index that finds the workspaces of an e-mail address."""

from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from ui.lines import LineEmailField, LineField

LIFETIME: Final = timedelta(hours=24)


def _expiry() -> datetime:
    return timezone.now() + LIFETIME


class SignupRequest(models.Model):
    """A form filled in by a stranger: nothing else exists until the address is proved.

    `id` comes from the form, so that sending it twice makes one request. Deleted after it expires (`jobs.sweep`).
    """

    grows = True

    id = models.UUIDField(primary_key=True, editable=False)
    created_at = models.DateTimeField(_("date"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expire le"), default=_expiry, db_index=True)
    email = LineEmailField(_("adresse e-mail"))
    name = LineField(_("nom"), max_length=120, blank=True)
    workspace = LineField(_("espace"), max_length=120)
    slug = LineField(_("adresse courte"), max_length=40)
    plan_code = LineField(_("offre"), max_length=40)
    language = LineField(_("langue"), max_length=5)
    terms = models.ForeignKey(
        "billing.TermsVersion", on_delete=models.PROTECT, null=True, verbose_name=_("conditions acceptées")
    )
    origin = models.GenericIPAddressField(_("adresse d’origine"), null=True)
    has_proof = models.BooleanField(_("preuve de calcul"), default=False)
    # HMAC of the code in the last mail; "" once it was used or tried too often.
    code_digest = LineField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    mails = models.PositiveSmallIntegerField(default=0)
    completed_at = models.DateTimeField(_("espace créé le"), null=True)
    tenant_id = models.UUIDField(_("clé de l’espace"), null=True)

    class Meta:
        verbose_name = _("demande d’espace")
        verbose_name_plural = _("demandes d’espace")
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return self.workspace


class KnownAddress(models.Model):
    """An account of a workspace, by the HMAC of its address. A hint: mails are sent after a look at the account."""

    grows = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    digest = LineField(max_length=64, db_index=True)
    tenant_id = models.UUIDField()
    user_id = models.UUIDField()

    class Meta:
        verbose_name = _("adresse connue")
        verbose_name_plural = _("adresses connues")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "user_id"], name="signup_known_address_once")
        ]

    def __str__(self) -> str:
        return str(self.user_id)
