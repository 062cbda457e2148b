"""Forms of the library's pages."""

import datetime as dt
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from library.models import Item
from library.selectors import Filters
from library.services import MAX_TITLE, SHARE_DAYS
from tenants.search import MAX_QUERY_LENGTH
from ui.lines import Line

DAYS_BACK: Final = {"today": 0, "7": 6, "30": 29}


class SearchField(Line):
    """A search query. Whitespace such as the tabs of pasted cells becomes spaces, and long input is truncated."""

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value)).split())[:MAX_QUERY_LENGTH]


class FilterForm(forms.Form):
    """The filters of the list, from the query string. Invalid values are ignored."""

    q = SearchField(required=False)
    kind = forms.ChoiceField(required=False, choices=[("", _("Tous les types")), *Item.Kind.choices])
    date = forms.ChoiceField(
        required=False,
        label=_("Date"),
        choices=[
            ("", _("Toutes les dates")),
            ("today", _("Aujourd’hui")),
            ("7", _("7 derniers jours")),
            ("30", _("30 derniers jours")),
            ("range", _("Du… au…")),
        ],
    )
    since = forms.DateField(
        required=False, label=_("Du"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        required=False, label=_("Au"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    author = forms.ChoiceField(
        required=False, label=_("Auteur"), choices=[("", _("Tous les auteurs")), ("mine", _("Moi"))]
    )
    tag = Line(required=False, label=_("Étiquette"), max_length=40)
    archived = forms.BooleanField(required=False, label=_("Archivés"))

    def filters(self) -> Filters:
        """The valid filters."""
        self.is_valid()
        data: dict[str, Any] = self.cleaned_data
        since, until = self._date_range(data)
        return Filters(
            query=data.get("q", ""),
            kind=data.get("kind", ""),
            since=since,
            until=until,
            only_own=data.get("author") == "mine",
            tag=data.get("tag", ""),
            archived=bool(data.get("archived")),
        )

    @staticmethod
    def _date_range(data: dict[str, Any]) -> tuple[dt.date | None, dt.date | None]:
        choice = data.get("date", "")
        if choice in DAYS_BACK:
            return timezone.localdate() - dt.timedelta(days=DAYS_BACK[choice]), None
        return (data.get("since"), data.get("until")) if choice == "range" else (None, None)


class EditForm(forms.Form):
    """Title and tags of an item."""

    title = Line(label=_("Titre"), max_length=MAX_TITLE)
    tags = Line(
        label=_("Étiquettes"),
        required=False,
        max_length=900,
        help_text=_("Séparées par des virgules : client, automne, réseaux sociaux."),
    )

    @classmethod
    def for_item(cls, item: Item) -> "EditForm":
        """The form with the item's current values."""
        return cls(initial={"title": item.title, "tags": ", ".join(item.tags)})

    def clean_tags(self) -> list[str]:
        """The tags between the commas, which the service normalises."""
        return str(self.cleaned_data["tags"]).split(",")


class UploadForm(forms.Form):
    """The upload of a file."""

    file = forms.FileField(label=_("Fichier"), allow_empty_file=True, max_length=1000)
    title = Line(
        label=_("Titre"),
        required=False,
        max_length=MAX_TITLE,
        help_text=_("Sans titre, le nom du fichier sert de titre."),
    )
    visibility = forms.ChoiceField(
        label=_("Qui peut le voir"),
        choices=[("private", _("Moi seulement")), ("workspace", _("Toute l’équipe de l’espace"))],
        initial="private",
        widget=forms.RadioSelect,
    )


class VisibilityForm(forms.Form):
    visibility = forms.ChoiceField(choices=Item.Visibility.choices)


class ShareForm(forms.Form):
    """The validity of a new share link."""

    days = forms.TypedChoiceField(
        label=_("Durée du lien"),
        coerce=int,
        initial=7,
        choices=[
            (days, label)
            for days, label in zip(SHARE_DAYS, (_("1 jour"), _("7 jours"), _("30 jours"), _("90 jours")), strict=True)
        ],
    )
