"""Plans and add-ons, their entitlements and prices."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from plans.columns import PRICE, QUANTITY
from tenants.ids import new_id
from ui.lines import LineField


class Plan(models.Model):
    """A plan. `month_price`, `year_price`: in euros without VAT, copies of its active `Price` rows."""

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    name = LineField(_("nom"), max_length=60)
    month_price = models.DecimalField(_("prix par mois HT"), **PRICE)
    year_price = models.DecimalField(_("prix par an HT"), **PRICE)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)
    is_offered = models.BooleanField(_("proposée"), default=True)

    class Meta:
        db_table = "billing_plan"  # kept from before the app was its own: docs/adr/0018
        verbose_name = _("offre")
        verbose_name_plural = _("offres")
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return self.name


class AddOn(models.Model):
    """An add-on to a plan. `month_price`: in euros without VAT, a copy of its active `Price` row."""

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    name = LineField(_("nom"), max_length=60)
    description = LineField(_("description"), max_length=200, blank=True)
    month_price = models.DecimalField(_("prix par mois HT"), **PRICE)
    position = models.PositiveSmallIntegerField(_("ordre"), default=0)

    class Meta:
        db_table = "billing_addon"  # kept from before the app was its own: docs/adr/0018
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return self.name


class Entitlement(models.Model):
    """An entitlement of a plan or an add-on; with neither, a default of every workspace.

    `limit` is in the unit of the meter (empty: unlimited); a module is available unless its limit is 0.
    `soft_percent`: percentage of the limit at which owners are warned. `grace_percent`: use allowed above the limit.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    plan = models.ForeignKey(
        Plan, on_delete=models.CASCADE, null=True, blank=True, related_name="entitlements", verbose_name=_("offre")
    )
    add_on = models.ForeignKey(
        AddOn, on_delete=models.CASCADE, null=True, blank=True, related_name="entitlements", verbose_name=_("option")
    )
    key = models.SlugField(_("droit"), max_length=40)
    label = LineField(_("libellé"), max_length=80)
    limit = models.DecimalField(_("limite"), null=True, blank=True, **QUANTITY)
    soft_percent = models.SmallIntegerField(_("avis à (%)"), default=80, db_default=80)
    grace_percent = models.SmallIntegerField(_("tolérance (%)"), default=0, db_default=0)

    class Meta:
        db_table = "billing_entitlement"  # kept from before the app was its own: docs/adr/0018
        verbose_name = _("droit")
        verbose_name_plural = _("droits")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "key"], name="billing_entitlement_once"),
            models.UniqueConstraint(fields=["add_on", "key"], name="billing_entitlement_add_on_once"),
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(plan=None, add_on=None), name="billing_entitlement_default_once"
            ),
            models.CheckConstraint(
                condition=models.Q(plan=None) | models.Q(add_on=None), name="billing_entitlement_of_one"
            ),
            models.CheckConstraint(
                condition=models.Q(soft_percent__gt=0, soft_percent__lte=100, grace_percent__gte=0),
                name="billing_entitlement_percents",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id or self.add_on_id or '*'}: {self.key}"


class Price(models.Model):
    """The price of a plan or an add-on for an interval. Its amount never changes: another price is another row."""

    class Interval(models.TextChoices):
        MONTH = "month", _("mois")
        YEAR = "year", _("an")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="prices", verbose_name=_("offre")
    )
    add_on = models.ForeignKey(
        AddOn, on_delete=models.PROTECT, null=True, blank=True, related_name="prices", verbose_name=_("option")
    )
    interval = LineField(_("période"), max_length=5, choices=Interval.choices, default=Interval.MONTH)
    currency = LineField(_("devise"), max_length=3, default="EUR")
    amount_excl_vat = models.DecimalField(_("montant HT"), help_text=_("Dans la devise indiquée."), **PRICE)
    is_active = models.BooleanField(_("en vigueur"), default=True)
    created_at = models.DateTimeField(_("ajouté le"), auto_now_add=True)
    # Set by the push to Stripe.
    stripe_price_id = LineField(_("tarif chez Stripe"), max_length=255, blank=True)
    lookup_key = LineField(_("clé de recherche chez Stripe"), max_length=200, blank=True)

    class Meta:
        db_table = "billing_price"  # kept from before the app was its own: docs/adr/0018
        verbose_name = _("tarif")
        verbose_name_plural = _("tarifs")
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(plan=None, add_on__isnull=False) | models.Q(plan__isnull=False, add_on=None),
                name="billing_price_of_one",
            ),
            models.CheckConstraint(condition=models.Q(amount_excl_vat__gte=0), name="billing_price_not_negative"),
            models.UniqueConstraint(
                fields=["plan", "interval", "currency"],
                condition=models.Q(is_active=True),
                name="billing_price_plan_once",
            ),
            models.UniqueConstraint(
                fields=["add_on", "interval", "currency"],
                condition=models.Q(is_active=True),
                name="billing_price_add_on_once",
            ),
            models.UniqueConstraint(
                fields=["lookup_key"], condition=~models.Q(lookup_key=""), name="billing_price_lookup_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id or self.add_on_id} {self.amount_excl_vat} {self.currency}/{self.interval}"
