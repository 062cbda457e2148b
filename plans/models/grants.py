"""Grants to one workspace beside its plan: overrides by the operator, and add-ons."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plans.columns import QUANTITY
from plans.models.catalogue import AddOn
from tenants.ids import new_id
from ui.lines import LineField


class Override(models.Model):
    """A limit that the operator grants to one workspace. It takes precedence until it expires or is ended.

    `limit` is in the unit of the meter; empty is unlimited, 0 forbids use.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    key = models.SlugField(_("droit"), max_length=40)
    limit = models.DecimalField(_("limite"), null=True, blank=True, **QUANTITY)
    reason = LineField(_("motif"), max_length=200)
    granted_by = LineField(_("accordée par"), max_length=200)
    granted_at = models.DateTimeField(_("accordée le"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expire le"), null=True, blank=True)
    ended_at = models.DateTimeField(_("terminée le"), null=True, blank=True)

    class Meta:
        db_table = "billing_override"  # kept from before the app was its own: docs/adr/0018
        verbose_name = _("dérogation")
        verbose_name_plural = _("dérogations")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "key"], condition=models.Q(ended_at=None), name="billing_override_once"
            ),
            models.CheckConstraint(
                condition=models.Q(limit=None) | models.Q(limit__gte=0), name="billing_override_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.key


class TenantAddOn(models.Model):
    """An add-on of a workspace, from `since` until `until` (empty: no end)."""

    class Source(models.TextChoices):
        OPERATOR = "operator", _("Opérateur")
        STRIPE = "stripe", _("Abonnement")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    add_on = models.ForeignKey(AddOn, on_delete=models.PROTECT, related_name="holders", verbose_name=_("option"))
    quantity = models.SmallIntegerField(_("quantité"), default=1)
    since = models.DateTimeField(_("depuis"))
    until = models.DateTimeField(_("jusqu’au"), null=True, blank=True)
    source = LineField(_("origine"), max_length=8, choices=Source.choices, default=Source.OPERATOR)

    class Meta:
        db_table = "billing_tenantaddon"  # kept from before the app was its own: docs/adr/0018
        verbose_name = _("option d’un espace")
        verbose_name_plural = _("options des espaces")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "add_on", "source"],
                condition=models.Q(until=None),
                name="billing_tenant_add_on_once",
            ),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="billing_tenant_add_on_quantity"),
        ]
        indexes: ClassVar = [models.Index(fields=["tenant_id"], name="billing_tenant_add_on_tenant")]

    def __str__(self) -> str:
        return self.add_on_id
