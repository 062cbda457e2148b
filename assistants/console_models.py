"""Console pages of models and their prices."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from unfold.decorators import display

from accounts.http import operator_of
from assistants import services
from assistants.console_ends import EndFilter, end_badge
from assistants.models import Model, Price
from ui.console import NOTHING, NoDeleteAdmin, badge, figure, moment
from ui.console_text import strong, two_lines

PRICES = ("input", "cache_read", "cache_write", "cache_write_long", "output", "image")
FACTORS = ("long_input_factor", "long_output_factor", "region_factor")
# Optional fields of a price with their defaults.
OPTIONAL_DEFAULTS = {"cache_write_long": Decimal(0)} | dict.fromkeys(FACTORS, Decimal(1))


@admin.register(Model)
class ModelCatalogueAdmin(NoDeleteAdmin):
    list_display = (
        "shown_name",
        "provider",
        "kind",
        "shown_input",
        "shown_output",
        "shown_image",
        "shown_end",
        "shown_state",
    )
    list_filter = ("provider", "kind", "is_active", EndFilter)
    list_select_related = ("fallback",)
    search_fields = ("name", "label")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Annotate each model with its price in force, in the same query."""
        rows = Price.objects.filter(model=OuterRef("pk"), valid_from__lte=timezone.now()).order_by("-valid_from", "-id")
        queryset: QuerySet[Model] = super().get_queryset(request)
        return queryset.annotate(
            price_input=Subquery(rows.values("input_eur")[:1]),
            price_output=Subquery(rows.values("output_eur")[:1]),
            price_image=Subquery(rows.values("image_eur")[:1]),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("provider", "name") if obj else ()

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if "ends_on" in form.changed_data:
            # Warnings start again for the new date.
            obj.end_warned = None
        super().save_model(request, obj, form, change)

    @display(description=_("Fin"), ordering="ends_on")
    def shown_end(self, row: Model) -> str | SafeString:
        return end_badge(row)

    @display(description=_("Modèle"), ordering="label")
    def shown_name(self, row: Model) -> SafeString:
        return two_lines(strong(row.label), row.name)

    @display(description=_("Entrée / M"))
    def shown_input(self, row: Any) -> SafeString:
        return _amount(row.price_input, "EUR")

    @display(description=_("Sortie / M"))
    def shown_output(self, row: Any) -> SafeString:
        return _amount(row.price_output, "EUR")

    @display(description=_("Par image"))
    def shown_image(self, row: Any) -> SafeString:
        return _amount(row.price_image, "EUR")

    @display(description=_("État"), ordering="is_active")
    def shown_state(self, row: Any) -> SafeString:
        if row.price_input is None:
            return badge(_("Sans prix"), "bad")
        return badge(_("Proposé"), "good") if row.is_active else badge(_("Retiré"), "neutral")


def _amount(value: Any, currency: str) -> SafeString:
    """A price with all its decimals and its currency."""
    if not value:
        return figure(NOTHING)
    places = max(2, len(f"{value:f}".partition(".")[2].rstrip("0")))
    symbol = {"EUR": "€", "USD": "$"}.get(currency, currency)
    formatted = formats.number_format(value, decimal_pos=places, force_grouping=True)
    # The symbol of another currency takes the place of the euro's.
    return figure((pgettext("amount", "%(figure)s €") % {"figure": formatted}).replace("€", symbol))


class PriceForm(forms.ModelForm):
    """A price in its currency, which the service converts to euros."""

    class Meta:
        model = Price
        fields = ("model", "valid_from", "currency", "rate", "rate_date", *PRICES, "long_from_tokens", *FACTORS)
        help_texts: ClassVar = {
            "currency": _("Trois lettres : EUR, USD…"),
            "rate": _("1 pour l’euro. Sinon le cours du jour : 1 USD = 0,86 €."),
            "region_factor": _("1, ou 1,1 où le fournisseur ajoute 10 % pour traiter en Europe."),
            "image": _("Où les jetons ont un prix : le plus que coûte la sortie d’une image, réservé d’avance."),
            "rate_date": _("Obligatoire pour une autre devise que l’euro."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for optional in OPTIONAL_DEFAULTS:
            if optional in self.fields:
                self.fields[optional].required = False
        if "valid_from" not in self.fields:
            # An existing price is read-only.
            return
        parts = getattr(self.fields["valid_from"].widget, "widgets", [])
        for part, name in zip(parts, (_("Date"), _("Heure")), strict=False):
            part.attrs["aria-label"] = f"{self.fields['valid_from'].label} : {name}"

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).strip().upper()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        data.update({name: value for name, value in OPTIONAL_DEFAULTS.items() if data.get(name, value) is None})
        for name in (*PRICES, "rate"):
            if (value := data.get(name)) is not None and value < 0:
                self.add_error(name, _("Un prix n’est pas négatif."))
        if data.get("currency") == "EUR":
            if data.get("rate") not in (None, 1):
                self.add_error("rate", _("Pour l’euro, le cours est 1."))
        elif data.get("currency") and not data.get("rate_date"):
            self.add_error("rate_date", _("Donnez la date du cours."))
        if not any(data.get(name) for name in PRICES):
            raise ValidationError(_("Donnez au moins un prix."))
        model = data.get("model")
        if model is not None and model.kind == Model.Kind.IMAGE and data.get("output") and not data.get("image"):
            self.add_error("image", _("Donnez le plus que coûte une image : c’est ce qui est réservé."))
        return data


@admin.register(Price)
class PriceAdmin(NoDeleteAdmin):
    """Prices are append-only, since past costs refer to them."""

    form = PriceForm
    adds_audited = True
    list_display = (
        "model",
        "shown_from",
        "per_input",
        "per_cache_read",
        "per_cache_write",
        "per_output",
        "per_image",
        "shown_long",
        "shown_rate",
    )
    list_filter = ("model__provider", "currency", "model")
    search_fields = ("model__name", "model__label")
    list_select_related = ("model",)
    fieldsets: ClassVar = (
        (None, {"fields": ("model", "valid_from")}),
        (_("Devise"), {"fields": ("currency", "rate", "rate_date")}),
        (
            _("Prix par million de jetons"),
            {"fields": ("input", "cache_read", "cache_write", "cache_write_long", "output")},
        ),
        (_("Questions longues et région"), {"fields": ("long_from_tokens", *FACTORS)}),
        (_("Prix par image"), {"fields": ("image",)}),
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"valid_from": timezone.now(), **super().get_changeform_initial_data(request)}

    def save_model(self, request: HttpRequest, obj: Price, form: Any, change: bool) -> None:
        price = services.price_create(**form.cleaned_data, actor=operator_of(request))
        obj.__dict__.update(price.__dict__)

    @display(description=_("Valable à partir du"), ordering="valid_from")
    def shown_from(self, row: Price) -> str | SafeString:
        return moment(row.valid_from)

    @display(description=_("Entrée / M"), ordering="input_eur")
    def per_input(self, row: Price) -> SafeString:
        return _in_both_currencies(row.input, row.input_eur, row.currency)

    @display(description=_("Cache lu / M"), ordering="cache_read_eur")
    def per_cache_read(self, row: Price) -> SafeString:
        return _in_both_currencies(row.cache_read, row.cache_read_eur, row.currency)

    @display(description=_("Cache écrit / M"), ordering="cache_write_eur")
    def per_cache_write(self, row: Price) -> SafeString:
        return _in_both_currencies(row.cache_write, row.cache_write_eur, row.currency)

    @display(description=_("Sortie / M"), ordering="output_eur")
    def per_output(self, row: Price) -> SafeString:
        return _in_both_currencies(row.output, row.output_eur, row.currency)

    @display(description=_("Par image"), ordering="image_eur")
    def per_image(self, row: Price) -> SafeString:
        return _in_both_currencies(row.image, row.image_eur, row.currency)

    @display(description=_("Question longue"))
    def shown_long(self, row: Price) -> str | SafeString:
        if row.long_from_tokens is None:
            return NOTHING
        above = formats.number_format(row.long_from_tokens, force_grouping=True)
        factors = [
            formats.number_format(factor.normalize()) for factor in (row.long_input_factor, row.long_output_factor)
        ]
        return two_lines(f"> {above}", f"×{factors[0]} · ×{factors[1]}")

    @display(description=_("Cours"))
    def shown_rate(self, row: Price) -> str | SafeString:
        if row.currency == "EUR":
            return NOTHING
        day = formats.date_format(row.rate_date, "SHORT_DATE_FORMAT") if row.rate_date else NOTHING
        rate = formats.number_format(row.rate, decimal_pos=4)
        return two_lines(f"1 {row.currency} = {pgettext('amount', '%(figure)s €') % {'figure': rate}}", day)


def _in_both_currencies(value: Any, value_eur: Any, currency: str) -> SafeString:
    """A price in euros, and in its original currency."""
    if currency == "EUR" or not value:
        return _amount(value_eur, "EUR")
    return two_lines(_amount(value_eur, "EUR"), _amount(value, currency))
