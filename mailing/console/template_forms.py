"""The form of a template's texts in one language."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from mailing import texts
from mailing.catalogue.types import BUTTON, PREVIEW, SUBJECT, MailTemplate, Text, Tone
from ui.lines import Line

_TONES: Final = {Tone.TITLE: _("Titre"), Tone.STEPS: _("Étapes, une par ligne"), Tone.QUIET: _("Texte discret")}
_ONE_LINE: Final = {SUBJECT: _("Objet, et titre du message"), PREVIEW: _("Aperçu"), BUTTON: _("Bouton")}
_HELP: Final = {
    PREVIEW: _("La ligne que les messageries montrent à côté de l’objet."),
    BUTTON: _("Deux à quatre mots. L’adresse où il mène ne change pas."),
}


class TextsForm(forms.Form):
    """The words of a template in one language: a field for each code, and the number of the version edited."""

    base = forms.IntegerField(min_value=0, max_value=1_000_000, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, template: MailTemplate, initial: Mapping[str, Any]) -> None:
        super().__init__(data, initial=dict(initial), prefix="text")
        self.fields |= {code: _line(code) for code in (SUBJECT, PREVIEW)}
        self.fields |= {part.code: _paragraphs(part, number) for number, part in enumerate(template.texts, 1)}
        if template.button:
            self.fields[BUTTON] = _line(BUTTON)
        # Last, as hidden fields have no place among the others.
        self.fields["base"] = self.fields.pop("base")

    def texts(self) -> dict[str, str]:
        return {code: text for code, text in self.cleaned_data.items() if code != "base"}

    def refuse(self, error: ValidationError) -> None:
        for code, problems in (error.message_dict if hasattr(error, "error_dict") else {}).items():
            for problem in problems:
                self.add_error(code, problem)
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)


def _line(code: str) -> forms.Field:
    return Line(
        label=_ONE_LINE[code],
        help_text=_HELP.get(code, ""),
        max_length=texts.MAX_LENGTHS[code],
        required=code != PREVIEW,
        widget=UnfoldAdminTextInputWidget(),
    )


def _paragraphs(part: Text, number: int) -> forms.Field:
    label = f"{number}. {_TONES.get(part.tone, _('Texte'))}"
    return forms.CharField(
        label=f"{label} ({part.label})" if part.label else label,
        max_length=texts.MAX_TEXT,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
