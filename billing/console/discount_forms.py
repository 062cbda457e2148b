"""The forms of the operator's acts on coupons and promotion codes."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from billing.models import Coupon
from ui.console import OptionalLastDayField
from ui.days import end_of_day
from ui.lines import Line


def _coupons() -> list[tuple[str, str]]:
    return [(coupon.code, f"{gettext(coupon.name)} ({coupon.code})") for coupon in Coupon.objects.all()]


def _amount(**options: Any) -> forms.DecimalField:
    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
    return forms.DecimalField(required=False, decimal_places=2, localize=True, widget=widget, **options)


class DiscountForm(forms.Form):
    """Shows the service's errors at their fields, or at the top if the form has no such field."""

    def refuse(self, error: ValidationError) -> None:
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class CouponForm(DiscountForm):
    """Creation of a coupon, whose amount cannot be changed afterwards."""

    name = Line(
        label=_("Nom"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        help_text=_("Les factures le portent."),
    )
    code = forms.SlugField(
        label=_("Code interne"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Lettres sans accent, chiffres et tirets. Il ne changera plus."),
    )
    percent_off = _amount(
        label=_("Remise en pourcentage"),
        max_digits=5,
        min_value=Decimal(0),
        max_value=Decimal(100),
        help_text=_("Ou un montant, ci-dessous : l’un des deux."),
    )
    amount_off_excl_vat = _amount(
        label=_("Remise en euros HT"), max_digits=10, min_value=Decimal(0), help_text=_("Retirés de chaque facture.")
    )
    duration = forms.ChoiceField(
        label=_("Durée"), choices=Coupon.Duration.choices, widget=UnfoldAdminSelectWidget, initial=Coupon.Duration.ONCE
    )
    months = forms.IntegerField(
        label=_("Nombre de mois"),
        required=False,
        min_value=1,
        max_value=60,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
        help_text=_("Pour « plusieurs mois » seulement."),
    )
    is_counter_offer = forms.BooleanField(
        label=_("Proposer à qui veut résilier"),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text=_("Une seule remise l’est à la fois : elle prend la place de la précédente."),
    )


class PromotionCodeForm(DiscountForm):
    """Creation of a promotion code."""

    coupon = forms.ChoiceField(label=_("Remise"), choices=_coupons, widget=UnfoldAdminSelectWidget)
    code = Line(
        label=_("Code promotionnel"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}
        ),
        help_text=_("Ce que vos clients saisissent : lettres sans accent, chiffres et tirets."),
    )
    first_time_only = forms.BooleanField(
        label=_("Pour un premier abonnement seulement"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    max_redemptions = forms.IntegerField(
        label=_("Utilisations au plus"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
        help_text=_("Vide : sans limite."),
    )
    last_day = OptionalLastDayField()

    def given(self) -> dict[str, Any]:
        """Keyword arguments for `discounts.code_add`. The last day becomes the end of that day."""
        fields = dict(self.cleaned_data)
        day = fields.pop("last_day")
        return {**fields, "expires_at": end_of_day(day) if day else None}

    def refuse(self, error: ValidationError) -> None:
        if hasattr(error, "error_dict") and "expires_at" in error.error_dict:
            error.error_dict["last_day"] = error.error_dict.pop("expires_at")
        super().refuse(error)
