"""Console forms for overrides, granted add-ons and prices."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from plans import modules
from plans.meters import METERS, Kind, Meter
from plans.models import AddOn, Plan, Price
from tenants.models import Tenant
from ui.console import OptionalLastDayField, ReasonForm
from ui.days import end_of_day
from ui.lines import Line


def _right_choices() -> list[tuple[str, str]]:
    """Key and label of every meter and module; the label says "module" and "not installed" where that applies."""
    module, not_installed = gettext("module"), gettext("pas encore de module")

    def label_of(meter: Meter) -> str:
        notes = [module] * (meter.kind is Kind.MODULE) + [not_installed] * (not modules.is_installed(meter.key))
        return " · ".join([gettext(meter.label), *notes])

    return [(meter.key, label_of(meter)) for meter in METERS.values()]


def _add_on_choices() -> list[tuple[str, str]]:
    return [(add_on.code, gettext(add_on.name)) for add_on in AddOn.objects.all()]


def _product_choices() -> list[tuple[str, str]]:
    plans = [(f"plan:{plan.code}", gettext("Offre %(name)s") % {"name": plan.name}) for plan in Plan.objects.all()]
    add_ons = [(f"add_on:{code}", gettext("Option %(name)s") % {"name": name}) for code, name in _add_on_choices()]
    return plans + add_ons


class _WorkspaceForm(ReasonForm):
    """A workspace by its slug, an optional last day and a reason."""

    slug = Line(
        label=_("Adresse courte de l’espace"),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Donnez l’adresse courte de l’espace.")},
    )
    last_day = OptionalLastDayField()

    def clean_slug(self) -> Tenant:
        tenant = Tenant.objects.filter(slug=self.cleaned_data["slug"].strip().lower()).first()
        if tenant is None:
            raise ValidationError(_("Aucun espace n’a cette adresse."))
        match: Tenant = tenant
        return match

    def ends_at(self) -> datetime | None:
        """The end of the last day; None where it is empty."""
        day = self.cleaned_data["last_day"]
        return end_of_day(day) if day else None


class OverrideForm(_WorkspaceForm):
    """An override of one right of a workspace."""

    key = forms.ChoiceField(label=_("Droit"), choices=_right_choices, widget=UnfoldAdminSelectWidget)
    limit = forms.DecimalField(
        label=_("Limite"),
        required=False,
        min_value=Decimal(0),
        max_digits=20,
        decimal_places=6,
        localize=True,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text=_("Dans l’unité du droit. Vide : sans limite. 0 : interdit. Pour un module : 1."),
    )
    field_order = ("slug", "key", "limit", "last_day", "reason")


class AddOnForm(_WorkspaceForm):
    """An add-on for a workspace."""

    add_on = forms.ChoiceField(label=_("Option"), choices=_add_on_choices, widget=UnfoldAdminSelectWidget)
    quantity = forms.IntegerField(
        label=_("Quantité"), initial=1, min_value=1, max_value=1000, widget=UnfoldAdminTextInputWidget()
    )
    field_order = ("slug", "add_on", "quantity", "last_day", "reason")


class PriceForm(forms.Form):
    """A new price of a plan or an add-on."""

    product = forms.ChoiceField(label=_("Offre ou option"), choices=_product_choices, widget=UnfoldAdminSelectWidget)
    interval = forms.ChoiceField(label=_("Période"), choices=Price.Interval.choices, widget=UnfoldAdminSelectWidget)
    currency = forms.RegexField(
        label=_("Devise"), regex=r"^[A-Z]{3}$", initial="EUR", widget=UnfoldAdminTextInputWidget(attrs={"maxlength": 3})
    )
    amount_excl_vat = forms.DecimalField(
        label=_("Montant HT"),
        min_value=Decimal(0),
        max_digits=10,
        decimal_places=2,
        localize=True,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text=_("Dans la devise indiquée. L’ancien tarif est gardé, hors vigueur."),
    )

    def chosen_product(self) -> Plan | AddOn:
        """The chosen plan or add-on."""
        kind, _colon, code = self.cleaned_data["product"].partition(":")
        return Plan.objects.get(pk=code) if kind == "plan" else AddOn.objects.get(pk=code)

    def service_arguments(self) -> dict[str, Any]:
        """Keyword arguments of `price_set`."""
        return {key: self.cleaned_data[key] for key in ("interval", "currency", "amount_excl_vat")}
