"""The catalogue: assistants and their instructions, models, prices. Versions and prices are only ever added."""

import difflib
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.http import operator_of
from assistants import services
from assistants.console_ends import EndFilter, shown_end
from assistants.models import Assistant, Model, Price, PromptVersion
from ui.console import NOTHING, NoDeleteAdmin, badge, figure, moment, posted
from ui.console_text import strong, two_lines
from ui.lines import Line

PRICES = ("input", "cache_read", "cache_write", "cache_write_long", "output", "image")
FACTORS = ("long_input_factor", "long_output_factor", "region_factor")
# What most prices do not have, and what it then is.
LEFT_OUT = {"cache_write_long": Decimal(0)} | dict.fromkeys(FACTORS, Decimal(1))


class AssistantForm(forms.ModelForm):
    """Starters are typed one a line. A new assistant is born with its first instructions."""

    starters = forms.CharField(
        label=_("Amorces"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_("Une par ligne : ce que l’on propose d’écrire pour commencer."),
    )
    prompt = forms.CharField(
        label=_("Première consigne"), widget=UnfoldAdminTextareaWidget(attrs={"rows": 14}), required=True
    )

    class Meta:
        model = Assistant
        fields = (
            "name",
            "code",
            "tagline",
            "icon",
            "produces",
            "starters",
            "position",
            "is_active",
            "model",
            "max_output_tokens",
            "temperature",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            # From then on instructions have their own page.
            self.fields.pop("prompt", None)
        if "starters" in self.fields:
            self.initial["starters"] = "\n".join(self.instance.starters or [])

    def clean_starters(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["starters"].splitlines() if line.strip()]


class VersionForm(forms.Form):
    """A new text of the instructions, and what changed."""

    text = forms.CharField(
        label=_("Consigne"),
        strip=True,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 18}),
        error_messages={"required": _("Écrivez la consigne.")},
    )
    note = Line(
        label=_("Ce qui change"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Une phrase, pour qui lira l’historique."),
    )


@admin.register(Assistant)
class AssistantAdmin(NoDeleteAdmin):
    form = AssistantForm
    list_display = ("shown_name", "shown_version", "shown_model", "produces", "shown_state", "position")
    list_filter = ("is_active", "produces")
    search_fields = ("name", "code", "tagline")
    list_select_related = ("current_version", "model")
    autocomplete_fields: ClassVar = ()
    actions_detail = ("versions", "new_version")
    fieldsets: ClassVar = (
        (None, {"fields": ("name", "code", "tagline", "icon", "produces", "starters", "position", "is_active")}),
        (_("Réponse"), {"fields": ("model", "max_output_tokens", "temperature")}),
        (_("Consigne en service"), {"fields": ("shown_version", "shown_prompt")}),
    )
    add_fieldsets: ClassVar = (
        (None, {"fields": ("name", "code", "tagline", "icon", "produces", "starters", "position", "is_active")}),
        (_("Réponse"), {"fields": ("model", "max_output_tokens", "temperature")}),
        (_("Consigne"), {"fields": ("prompt",)}),
    )

    def get_urls(self) -> list[Any]:
        own = [
            path(
                "<uuid:object_id>/versions/<uuid:version_id>/serve/",
                self.admin_site.admin_view(require_POST(self.serve)),
                name="assistants_assistant_serve",
            )
        ]
        return [*own, *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code", "shown_version", "shown_prompt") if obj else ()

    def save_model(self, request: HttpRequest, obj: Assistant, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            self._add_version(request, obj, form.cleaned_data["prompt"], gettext("Première version"))

    @staticmethod
    def _add_version(request: HttpRequest, obj: Assistant, text: str, note: str) -> PromptVersion:
        version = services.prompt_version_create(
            assistant_id=obj.pk,
            text=text,
            note=note,
            actor=operator_of(request),
        )
        return version

    @display(description=_("Assistant"), ordering="name")
    def shown_name(self, row: Assistant) -> SafeString:
        return two_lines(strong(row.name), row.tagline)

    @display(description=_("Version en service"))
    def shown_version(self, row: Assistant) -> str | SafeString:
        version = row.current_version
        if version is None:
            return badge(_("Aucune"), "warn")
        return format_html("v{} · {}", version.number, moment(version.created_at))

    @display(description=_("Modèle"))
    def shown_model(self, row: Assistant) -> str:
        return row.model.label if row.model else gettext("par défaut")

    @display(description=_("État"), ordering="is_active")
    def shown_state(self, row: Assistant) -> SafeString:
        return badge(_("Proposé"), "good") if row.is_active else badge(_("Retiré"), "neutral")

    @display(description=_("Consigne"))
    def shown_prompt(self, row: Assistant) -> str | SafeString:
        version = row.current_version
        return format_html('<div class="rc-text">{}</div>', version.text) if version else NOTHING

    @staticmethod
    def _found(object_id: str) -> Assistant:
        try:
            return get_object_or_404(Assistant.objects.select_related("current_version"), pk=object_id)
        except ValidationError as error:
            raise Http404 from error

    @action(description=_("Versions"), url_path="versions", icon="history")
    def versions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Every version, and the difference between two: by default the one in service and the one before."""
        assistant = self._found(object_id)
        rows = list(assistant.versions.all())
        by_number = {row.number: row for row in rows}
        new = by_number.get(_number(request.GET.get("b"))) or assistant.current_version
        old = by_number.get(_number(request.GET.get("a")))
        if old is None and new is not None:
            old = next((row for row in rows if row.number < new.number), None)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": gettext("Consignes de « %(name)s »") % {"name": assistant.name},
            "assistant": assistant,
            "versions": rows,
            "old": old,
            "new": new,
            "diff": diff_lines(old, new),
        }
        return TemplateResponse(request, "admin/versions.html", context)

    @action(description=_("Nouvelle version"), url_path="versions/new", icon="edit_note", variant=ActionVariant.PRIMARY)
    def new_version(self, request: HttpRequest, object_id: str) -> HttpResponse:
        assistant = self._found(object_id)
        current = assistant.current_version
        form = VersionForm(posted(request), initial={"text": current.text if current else ""})
        back = reverse("admin:assistants_assistant_versions", args=[assistant.pk])
        if request.method == "POST" and form.is_valid():
            if current and form.cleaned_data["text"].strip() == current.text.strip():
                form.add_error("text", gettext("Le texte est celui de la version en service : rien à ajouter."))
            else:
                version = self._add_version(request, assistant, form.cleaned_data["text"], form.cleaned_data["note"])
                messages.success(request, gettext("La version %(number)s est en service.") % {"number": version.number})
                return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": gettext("Nouvelle version de « %(name)s »") % {"name": assistant.name},
            "explanation": _(
                "Les versions d’avant restent. Celle-ci entre en service aussitôt ; on revient d’un clic."
            ),
            "form": form,
            "button": _("Mettre en service"),
            "back": back,
        }
        status = 400 if form.is_bound and form.errors else 200
        return TemplateResponse(request, "admin/act.html", context, status=status)

    def serve(self, request: HttpRequest, object_id: Any, version_id: Any) -> HttpResponse:
        """Put a version that exists in service: back or forward, in one click."""
        assistant = self._found(object_id)
        version = get_object_or_404(PromptVersion, pk=version_id, assistant=assistant)
        services.prompt_version_put_in_service(
            assistant_id=assistant.pk,
            version_id=version.pk,
            actor=operator_of(request),
        )
        messages.success(request, gettext("La version %(number)s est en service.") % {"number": version.number})
        return redirect("admin:assistants_assistant_versions", assistant.pk)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else 0


def diff_lines(old: PromptVersion | None, new: PromptVersion | None) -> list[tuple[str, str]]:
    """(kind, line) of the difference between two versions: "plus", "minus", "at" or ""."""
    if old is None or new is None or old.pk == new.pk:
        return []
    found = difflib.unified_diff(old.text.splitlines(), new.text.splitlines(), lineterm="", n=3)
    kinds = {"+": "plus", "-": "minus", "@": "at"}
    return [(kinds.get(line[:1], ""), line) for line in list(found)[2:]]


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
        """The price in force comes with each model, in the same query."""
        rows = Price.objects.filter(model=OuterRef("pk"), valid_from__lte=timezone.now()).order_by("-valid_from", "-id")
        found: QuerySet[Model] = super().get_queryset(request)
        return found.annotate(
            price_input=Subquery(rows.values("input_eur")[:1]),
            price_output=Subquery(rows.values("output_eur")[:1]),
            price_image=Subquery(rows.values("image_eur")[:1]),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("provider", "name") if obj else ()

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        if "ends_on" in form.changed_data:
            # Another day is warned of anew.
            obj.end_warned = None
        super().save_model(request, obj, form, change)

    @display(description=_("Fin"), ordering="ends_on")
    def shown_end(self, row: Model) -> str | SafeString:
        return shown_end(row)

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
    """A price per million or per piece: all its decimals, with its currency."""
    if not value:
        return figure(NOTHING)
    places = max(2, len(f"{value:f}".partition(".")[2].rstrip("0")))
    sign = {"EUR": "€", "USD": "$"}.get(currency, currency)
    shown = formats.number_format(value, decimal_pos=places, force_grouping=True)
    # Another currency's sign stands where the euro's does.
    return figure((pgettext("amount", "%(figure)s €") % {"figure": shown}).replace("€", sign))


class PriceForm(forms.ModelForm):
    """A price in its currency; euros are worked out and frozen by the service."""

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
        for optional in LEFT_OUT:
            if optional in self.fields:
                self.fields[optional].required = False
        if "valid_from" not in self.fields:
            # A price that exists is read, not changed.
            return
        parts = getattr(self.fields["valid_from"].widget, "widgets", [])
        for part, name in zip(parts, (_("Date"), _("Heure")), strict=False):
            part.attrs["aria-label"] = f"{self.fields['valid_from'].label} : {name}"

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).strip().upper()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        data.update({name: value for name, value in LEFT_OUT.items() if data.get(name, value) is None})
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
    """Only ever added: the price of yesterday is in yesterday's costs."""

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
        made = services.price_create(**form.cleaned_data, actor=operator_of(request))
        obj.__dict__.update(made.__dict__)

    @display(description=_("Valable à partir du"), ordering="valid_from")
    def shown_from(self, row: Price) -> str | SafeString:
        return moment(row.valid_from)

    @display(description=_("Entrée / M"), ordering="input_eur")
    def per_input(self, row: Price) -> SafeString:
        return _both(row.input, row.input_eur, row.currency)

    @display(description=_("Cache lu / M"), ordering="cache_read_eur")
    def per_cache_read(self, row: Price) -> SafeString:
        return _both(row.cache_read, row.cache_read_eur, row.currency)

    @display(description=_("Cache écrit / M"), ordering="cache_write_eur")
    def per_cache_write(self, row: Price) -> SafeString:
        return _both(row.cache_write, row.cache_write_eur, row.currency)

    @display(description=_("Sortie / M"), ordering="output_eur")
    def per_output(self, row: Price) -> SafeString:
        return _both(row.output, row.output_eur, row.currency)

    @display(description=_("Par image"), ordering="image_eur")
    def per_image(self, row: Price) -> SafeString:
        return _both(row.image, row.image_eur, row.currency)

    @display(description=_("Question longue"))
    def shown_long(self, row: Price) -> str | SafeString:
        if row.long_from_tokens is None:
            return NOTHING
        above = formats.number_format(row.long_from_tokens, force_grouping=True)
        times = [formats.number_format(each.normalize()) for each in (row.long_input_factor, row.long_output_factor)]
        return two_lines(f"> {above}", f"×{times[0]} · ×{times[1]}")

    @display(description=_("Cours"))
    def shown_rate(self, row: Price) -> str | SafeString:
        if row.currency == "EUR":
            return NOTHING
        day = formats.date_format(row.rate_date, "SHORT_DATE_FORMAT") if row.rate_date else NOTHING
        rate = formats.number_format(row.rate, decimal_pos=4)
        return two_lines(f"1 {row.currency} = {pgettext('amount', '%(figure)s €') % {'figure': rate}}", day)


def _both(value: Any, euros: Any, currency: str) -> SafeString:
    """In euros, and in the currency it is sold in."""
    if currency == "EUR" or not value:
        return _amount(euros, "EUR")
    return two_lines(_amount(euros, "EUR"), _amount(value, currency))
