"""Forms of the pages of members."""

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from ui.lines import Line
from workspace.members import invitees, selectors
from workspace.members.invitations import with_known
from workspace.members.types import Invitee

MAX_SELECTED: Final = 200


class FilterForm(forms.Form):
    """The filters of the list, from the query string. Invalid values are ignored."""

    q = Line(required=False)
    role = forms.ChoiceField(
        required=False, choices=[("", _("Tous les rôles")), *((role.value, role.label) for role in selectors.ORDER)]
    )
    state = forms.ChoiceField(
        required=False,
        choices=[("", _("Tous les états")), ("active", _("Actifs")), ("inactive", _("Désactivés"))],
    )

    def filters(self) -> selectors.Filters:
        self.is_valid()
        cleaned = self.cleaned_data
        return selectors.Filters(searched(cleaned.get("q", "")), cleaned.get("role", ""), cleaned.get("state", ""))


def searched(text: str) -> str:
    """What is searched for, of what was typed in a search field."""
    return " ".join(text.replace("\x00", "").split())[:100]


class InviteForm(forms.Form):
    """`people`: the lines read, each with its problem. `text`: what was pasted or read from the file."""

    emails = forms.CharField(
        label=_("Adresses e-mail"),
        required=False,
        strip=False,
        max_length=invitees.MAX_BYTES,
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Une par ligne, ou séparées par des virgules. Vous pouvez coller un tableau : email, nom, rôle."),
    )
    file = forms.FileField(
        label=_("Ou un fichier CSV"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=_("Colonnes : email, puis nom et rôle si vous voulez. 200 personnes au plus."),
    )
    role = forms.ChoiceField(label=_("Rôle"), required=False, help_text=_("Pour qui n’en a pas dans la liste."))

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.roles = selectors.roles_given_by(actor)
        self.people: list[Invitee] = []
        self.text = ""
        field = self.fields["role"]
        field.choices = list(self.roles.items())  # type: ignore[attr-defined]
        field.initial = Role.MEMBER

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        self.text = cleaned["emails"]
        if file := cleaned.get("file"):
            self.text = invitees.decode(file.read(invitees.MAX_BYTES + 1))
        role = cleaned.get("role") or Role.MEMBER.value
        self.people = with_known(invitees.parse(self.text, default_role=role, roles=self.roles))
        if not self.people:
            raise ValidationError(_("Donnez au moins une adresse e-mail."))
        return cleaned

    @property
    def valid_people(self) -> list[Invitee]:
        return [line for line in self.people if not line.problem]


class AcceptForm(forms.Form):
    name = Line(label=_("Votre nom"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Mot de passe"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Une phrase de quelques mots est facile à retenir et difficile à deviner."),
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Rôle"))

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = list(selectors.roles_given_by(actor).items())  # type: ignore[attr-defined]


class RemoveForm(forms.Form):
    heir = forms.ModelChoiceField(
        label=_("Confier ses conversations et ses contenus à"),
        queryset=User.objects.none(),
        empty_label=_("Choisir une personne"),
    )

    def __init__(self, *args: Any, member: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["heir"].queryset = selectors.heirs(member)  # type: ignore[attr-defined]


class HandOverForm(forms.Form):
    password = forms.CharField(
        label=_("Votre mot de passe"),
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def ticked_keys(texts: Iterable[str]) -> list[UUID]:
    """The keys of ticked rows, each once, `MAX_SELECTED` at most. Values that are no keys are left out."""
    keys = []
    for text in islice(texts, MAX_SELECTED):
        try:
            keys.append(UUID(text[:36]))
        except ValueError:
            continue
    return list(dict.fromkeys(keys))
