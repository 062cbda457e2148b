"""Plans and what they allow, counters that hold use to it, and the ledger of every metered act."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id

# Euros are never rounded before an invoice line.
MONEY: Any = {"max_digits": 20, "decimal_places": 12}
# A meter counts euros, tokens or bytes.
QUANTITY: Any = {"max_digits": 32, "decimal_places": 12}


class Plan(models.Model):
    """An offer, with its prices in euros without VAT."""

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    name = models.CharField(_("nom"), max_length=60)
    month_price = models.DecimalField(_("prix par mois HT"), max_digits=10, decimal_places=2)
    year_price = models.DecimalField(_("prix par an HT"), max_digits=10, decimal_places=2)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)
    is_offered = models.BooleanField(_("proposée"), default=True)

    class Meta:
        verbose_name = _("offre")
        verbose_name_plural = _("offres")
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return self.name


class Entitlement(models.Model):
    """What a plan allows: a quantity (empty: without limit), or a module that is there or not."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="entitlements", verbose_name=_("offre"))
    key = models.SlugField(_("droit"), max_length=40)
    label = models.CharField(_("libellé"), max_length=80)
    limit = models.DecimalField(_("limite"), null=True, blank=True, **QUANTITY)

    class Meta:
        verbose_name = _("droit")
        verbose_name_plural = _("droits")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["plan", "key"], name="billing_entitlement_once")]

    def __str__(self) -> str:
        return f"{self.plan_id}: {self.key}"


class AddOn(models.Model):
    """An option sold beside a plan."""

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    name = models.CharField(_("nom"), max_length=60)
    description = models.CharField(_("description"), max_length=200, blank=True)
    month_price = models.DecimalField(_("prix par mois HT"), max_digits=10, decimal_places=2)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return self.name


class QuotaCounter(models.Model):
    """What one workspace used and reserved of one meter in one month. Moved by one conditional UPDATE only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField()
    meter = models.SlugField(max_length=40)
    period = models.DateField(help_text=_("Premier jour du mois"))
    used = models.DecimalField(default=0, **QUANTITY)
    reserved = models.DecimalField(default=0, **QUANTITY)

    class Meta:
        verbose_name = _("compteur")
        verbose_name_plural = _("compteurs")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant_id", "meter", "period"], name="billing_counter_once"),
            models.CheckConstraint(condition=models.Q(used__gte=0, reserved__gte=0), name="billing_counter_positive"),
        ]


class Reservation(models.Model):
    """An upper bound held for an act under way. Settled by the act, or by the sweeper once it has expired."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField()
    act = models.CharField(max_length=60)
    reference = models.UUIDField()
    period = models.DateField()
    amounts = models.JSONField(help_text=_("Par compteur, en texte décimal"))
    expires_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=models.Q(settled_at=None), name="billing_reservation_open")
        ]


class UsageEvent(models.Model):
    """One metered act and its exact cost. Append-only: a ledger, the ground of every invoice.

    Tokens are in the four buckets of every provider; `cost` in euros, from the price row named.
    Keys of other apps' rows are stored, not constrained: the ledger outlives them.
    """

    append_only = True

    class Outcome(models.TextChoices):
        DONE = "done", _("Terminé")
        STOPPED = "stopped", _("Arrêté")
        INTERRUPTED = "interrupted", _("Interrompu")
        FAILED = "failed", _("Échoué")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("date"), auto_now_add=True)
    tenant_id = models.UUIDField()
    tenant_slug = models.CharField(_("espace"), max_length=40)
    member_id = models.UUIDField(null=True)
    member_email = models.CharField(_("membre"), max_length=254, blank=True)
    assistant_id = models.UUIDField(null=True)
    assistant_name = models.CharField(_("assistant"), max_length=80, blank=True)
    prompt_version_id = models.UUIDField(null=True)
    prompt_version = models.CharField(_("version de consigne"), max_length=20, blank=True)
    reference = models.UUIDField(unique=True, help_text=_("L’acte lui-même (message)"))
    provider = models.CharField(_("fournisseur"), max_length=20)
    model = models.CharField(_("modèle"), max_length=80)
    price_id = models.UUIDField(null=True)
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
    outcome = models.CharField(_("issue"), max_length=12, choices=Outcome.choices)
    error_kind = models.CharField(_("erreur"), max_length=20, blank=True)

    class Meta:
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
        """All four buckets together."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens + self.output_tokens
