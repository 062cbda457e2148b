"""Coupons, promotion codes and their uses."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from plans.columns import PRICE
from tenants.ids import new_id
from ui.lines import LineField


class Coupon(models.Model):
    """A percentage or an amount off each invoice for a duration. Neither changes after creation.

    `amount_off_excl_vat`: euros. `months`: only with the duration "repeating". `is_counter_offer`: offered to an owner
    who cancels; true for one coupon at most.
    """

    class Duration(models.TextChoices):
        ONCE = "once", _("la première facture")
        REPEATING = "repeating", _("plusieurs mois")
        FOREVER = "forever", _("toujours")

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    name = LineField(_("nom"), max_length=40)
    percent_off = models.DecimalField(_("remise (%)"), max_digits=5, decimal_places=2, null=True, blank=True)
    amount_off_excl_vat = models.DecimalField(_("remise (€ HT)"), null=True, blank=True, **PRICE)
    duration = LineField(_("durée"), max_length=9, choices=Duration.choices, default=Duration.ONCE)
    months = models.PositiveSmallIntegerField(_("nombre de mois"), null=True, blank=True)
    is_counter_offer = models.BooleanField(_("proposé à qui veut partir"), default=False)
    created_at = models.DateTimeField(_("ajouté le"), auto_now_add=True)
    stripe_id = LineField(_("clé chez Stripe"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("remise")
        verbose_name_plural = _("remises")
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(percent_off__gt=0, percent_off__lte=100, amount_off_excl_vat=None)
                | models.Q(percent_off=None, amount_off_excl_vat__gt=0),
                name="billing_coupon_one_amount",
            ),
            models.CheckConstraint(
                condition=models.Q(duration="repeating", months__gt=0)
                | (~models.Q(duration="repeating") & models.Q(months=None)),
                name="billing_coupon_months",
            ),
            models.UniqueConstraint(
                fields=["is_counter_offer"],
                condition=models.Q(is_counter_offer=True),
                name="billing_coupon_counter_offer_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PromotionCode(models.Model):
    """A code that people type to get a coupon. `max_redemptions` None: no limit."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="codes", verbose_name=_("remise"))
    code = LineField(_("code promotionnel"), max_length=40)
    is_active = models.BooleanField(_("en vigueur"), default=True)
    first_time_only = models.BooleanField(_("premier abonnement seulement"), default=False)
    max_redemptions = models.PositiveIntegerField(_("utilisations au plus"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expire le"), null=True, blank=True)
    created_at = models.DateTimeField(_("ajouté le"), auto_now_add=True)
    stripe_id = LineField(_("clé chez Stripe"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("code promotionnel")
        verbose_name_plural = _("codes promotionnels")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [models.UniqueConstraint(Upper("code"), name="billing_promotion_code_once")]

    def __str__(self) -> str:
        return self.code


class CodeUse(models.Model):
    """The use of a promotion code by a workspace, which can use each code once. `code`: in capitals.

    No foreign key, as a code may exist only at Stripe.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant_id = models.UUIDField(_("clé de l’espace"))
    code = LineField(_("code promotionnel"), max_length=500)
    used_at = models.DateTimeField(_("utilisé le"), auto_now_add=True)

    class Meta:
        verbose_name = _("code utilisé")
        verbose_name_plural = _("codes utilisés")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant_id", "code"], name="billing_code_use_once")]

    def __str__(self) -> str:
        return self.code
