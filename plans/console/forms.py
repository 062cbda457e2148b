"""The forms of the operator's acts on one workspace's rights, and of prices."""

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
from ui.console import ReasonForm
from ui.days import end_of_day
from ui.lines import Line


def _rights() -> list[tuple[str, str]]:
    """Every right by its name; of a module, that it is one; of what nothing serves yet, that too."""
    module, waits = gettext("module"), gettext("pas encore de module")

    def named(meter: Meter) -> str:
        notes = [module] * (meter.kind is Kind.MODULE) + [waits] * (not modules.is_there(meter.key))
        return " · ".join([gettext(meter.label), *notes])

    return [(meter.key, named(meter)) for meter in METERS.values()]


def _options() -> list[tuple[str, str]]:
    return [(option.code, gettext(option.name)) for option in AddOn.objects.all()]


def _of_what() -> list[tuple[str, str]]:
    plans = [(f"plan:{plan.code}", gettext("Offre %(name)s") % {"name": plan.name}) for plan in Plan.objects.all()]
    options = [(f"add_on:{code}", gettext("Option %(name)s") % {"name": name}) for code, name in _options()]
    return plans + options


class _OfWorkspaceForm(ReasonForm):
    """A workspace by its short address, a last day, a reason."""

    slug = Line(
        label=_("Adresse courte de l’espace"),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Donnez l’adresse courte de l’espace.")},
    )
    last_day = forms.DateField(
        label=_("Dernier jour"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=_("Ce jour compris. Vide : sans fin prévue."),
    )

    def clean_slug(self) -> Tenant:
        tenant = Tenant.objects.filter(slug=self.cleaned_data["slug"].strip().lower()).first()
        if tenant is None:
            raise ValidationError(_("Aucun espace n’a cette adresse."))
        found: Tenant = tenant
        return found

    def ends_at(self) -> datetime | None:
        """When the last day is over; None where there is none."""
        day = self.cleaned_data["last_day"]
        return end_of_day(day) if day else None


class OverrideForm(_OfWorkspaceForm):
    """Another limit for one right of one workspace."""

    key = forms.ChoiceField(label=_("Droit"), choices=_rights, widget=UnfoldAdminSelectWidget)
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


class AddOnForm(_OfWorkspaceForm):
    """An option for one workspace."""

    add_on = forms.ChoiceField(label=_("Option"), choices=_options, widget=UnfoldAdminSelectWidget)
    quantity = forms.IntegerField(
        label=_("Quantité"), initial=1, min_value=1, max_value=1000, widget=UnfoldAdminTextInputWidget()
    )
    field_order = ("slug", "add_on", "quantity", "last_day", "reason")


class PriceForm(forms.Form):
    """Another price for a plan or an option."""

    of_what = forms.ChoiceField(label=_("Offre ou option"), choices=_of_what, widget=UnfoldAdminSelectWidget)
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

    def subject(self) -> Plan | AddOn:
        """The plan or option chosen."""
        kind, _colon, code = self.cleaned_data["of_what"].partition(":")
        return Plan.objects.get(pk=code) if kind == "plan" else AddOn.objects.get(pk=code)

    def given(self) -> dict[str, Any]:
        """What `price_set` takes beside the subject."""
        return {key: self.cleaned_data[key] for key in ("interval", "currency", "amount_excl_vat")}
