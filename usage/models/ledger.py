"""The usage ledger."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plans.columns import MONEY
from tenants.ids import new_id
from ui.lines import LineField


class UsageEvent(models.Model):
    """One metered act and its exact cost. Append-only: invoices are based on it.

    Tokens are in four buckets, as providers count them; `cost` is in euros, from the price `price_id`.
    Keys of other apps' rows have no constraint, because the ledger outlives these rows.
    """

    append_only = True

    class Outcome(models.TextChoices):
        DONE = "done", _("Terminé")
        STOPPED = "stopped", _("Arrêté")
        INTERRUPTED = "interrupted", _("Interrompu")
        FAILED = "failed", _("Échoué")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("date"), auto_now_add=True)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    tenant_slug = LineField(_("espace"), max_length=40)
    member_id = models.UUIDField(null=True)
    member_email = LineField(_("membre"), max_length=254, blank=True)
    assistant_id = models.UUIDField(null=True)
    assistant_name = LineField(_("assistant"), max_length=80, blank=True)
    prompt_version_id = models.UUIDField(null=True)
    prompt_version = LineField(_("version de consigne"), max_length=20, blank=True)
    reference = models.UUIDField(_("référence"), unique=True, help_text=_("L’acte lui-même (message)"))
    provider = LineField(_("fournisseur"), max_length=20)
    model = LineField(_("modèle"), max_length=80)
    price_id = models.UUIDField(_("clé du prix"), null=True)
    input_tokens = models.PositiveIntegerField(_("entrée"), default=0)
    cache_read_tokens = models.PositiveIntegerField(_("cache lu"), default=0)
    cache_write_tokens = models.PositiveIntegerField(_("cache écrit"), default=0)
    output_tokens = models.PositiveIntegerField(_("sortie"), default=0)
    images = models.PositiveSmallIntegerField(_("images"), default=0)
    cost = models.DecimalField(_("coût (€)"), default=0, **MONEY)
    is_estimate = models.BooleanField(
        _("estimé"), default=False, help_text=_("Le fournisseur n’a pas donné le décompte (réponse coupée).")
    )
    latency_ms = models.PositiveIntegerField(_("durée (ms)"), null=True)
    first_token_ms = models.PositiveIntegerField(_("premier mot (ms)"), null=True)
    outcome = LineField(_("issue"), max_length=12, choices=Outcome.choices)
    error_kind = LineField(_("erreur"), max_length=20, blank=True)

    class Meta:
        db_table = "billing_usageevent"  # kept from before the app was its own: docs/adr/0018
        verbose_name = _("acte mesuré")
        verbose_name_plural = _("actes mesurés")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "-at"], name="billing_usage_tenant_at"),
            models.Index(fields=["-at"], name="billing_usage_at"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_slug} {self.model} {self.cost}"

    @property
    def total_tokens(self) -> int:
        """The tokens of all four buckets."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens + self.output_tokens
