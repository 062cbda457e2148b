"""Console pages of assistants and their prompt versions, which are append-only."""

import difflib
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.http import operator_of
from assistants import console_models as console_models
from assistants import services
from assistants.models import Assistant, PromptVersion
from ui.console import NOTHING, NoDeleteAdmin, badge, moment, posted
from ui.console_text import strong, two_lines
from ui.lines import Line


class AssistantForm(forms.ModelForm):
    """Form of an assistant. Starters are entered one per line; a new assistant needs its first instructions."""

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
            # Later versions are added on a page of their own.
            self.fields.pop("prompt", None)
        if "starters" in self.fields:
            self.initial["starters"] = "\n".join(self.instance.starters or [])

    def clean_starters(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["starters"].splitlines() if line.strip()]


class VersionForm(forms.Form):
    """A new version of the instructions, with a note."""

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
        own_urls = [
            path(
                "<uuid:object_id>/versions/<uuid:version_id>/serve/",
                self.admin_site.admin_view(require_POST(self.serve)),
                name="assistants_assistant_serve",
            )
        ]
        return [*own_urls, *super().get_urls()]

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
    def _get_assistant(object_id: str) -> Assistant:
        try:
            return get_object_or_404(Assistant.objects.select_related("current_version"), pk=object_id)
        except ValidationError as error:
            raise Http404 from error

    @action(description=_("Versions"), url_path="versions", icon="history")
    def versions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """All versions, and the difference between two: by default the one in service and its predecessor."""
        assistant = self._get_assistant(object_id)
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
        assistant = self._get_assistant(object_id)
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
        """Put an existing version in service."""
        assistant = self._get_assistant(object_id)
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
    diff = difflib.unified_diff(old.text.splitlines(), new.text.splitlines(), lineterm="", n=3)
    kinds = {"+": "plus", "-": "minus", "@": "at"}
    return [(kinds.get(line[:1], ""), line) for line in list(diff)[2:]]
