"""Billing profiles and cancellations."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from ui.lines import LineField


class BillingProfile(models.Model):
    """Name, address and VAT number printed on a workspace's invoices, also pushed to Stripe's customer.

    `country`: ISO 3166-1 alpha-2. `vat_status`: the answer of VIES about `vat_number`, through Stripe; a well-formed
    number is accepted until it is refused.
    """

    class VatStatus(models.TextChoices):
        NONE = "none", _("aucun")
        PENDING = "pending", _("en cours de vérification")
        VERIFIED = "verified", _("vérifié")
        REFUSED = "refused", _("refusé")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(unique=True)
    name = LineField(_("raison sociale"), max_length=120)
    line1 = LineField(_("adresse"), max_length=120)
    line2 = LineField(_("complément d’adresse"), max_length=120, blank=True)
    postal_code = LineField(_("code postal"), max_length=20, blank=True)
    city = LineField(_("ville"), max_length=80)
    country = LineField(_("pays"), max_length=2, default="FR")
    vat_number = LineField(_("numéro de TVA"), max_length=20, blank=True)
    vat_status = LineField(max_length=8, choices=VatStatus.choices, default=VatStatus.NONE)
    # Stripe's id of `vat_number`.
    stripe_tax_id = LineField(max_length=255, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("coordonnées de facturation")
        verbose_name_plural = _("coordonnées de facturation")
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return self.name


class Cancellation(models.Model):
    """The reason of a cancellation, the counter-offer and the outcome.

    `offer`: the code of the offered coupon or plan, "talk", or "".
    """

    class Reason(models.TextChoices):
        """The values of Stripe's `cancellation_details.feedback`."""

        TOO_EXPENSIVE = "too_expensive", _("Trop cher")
        UNUSED = "unused", _("Pas assez utilisé")
        MISSING_FEATURES = "missing_features", _("Il manque des fonctions")
        TOO_COMPLEX = "too_complex", _("Trop compliqué")
        LOW_QUALITY = "low_quality", _("Qualité insuffisante")
        CUSTOMER_SERVICE = "customer_service", _("Accompagnement insuffisant")
        SWITCHED_SERVICE = "switched_service", _("Je passe à un autre service")
        OTHER = "other", _("Autre raison")

    class Outcome(models.TextChoices):
        CANCELLED = "cancelled", _("Résilié")
        RETAINED = "kept", _("Contre-offre acceptée")
        RESUMED = "resumed", _("Résilié, puis repris")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("date"), auto_now_add=True)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    reason = LineField(_("raison"), max_length=20, choices=Reason.choices)
    comment = models.TextField(_("commentaire"), max_length=1000, blank=True)
    offer = LineField(_("contre-offre"), max_length=60, blank=True)
    outcome = LineField(_("issue"), max_length=9, choices=Outcome.choices)
    plan_code = LineField(_("offre"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("résiliation")
        verbose_name_plural = _("résiliations")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["tenant_id", "-at"], name="billing_cancellation_tenant")]

    def __str__(self) -> str:
        return self.reason
