"""Form of a person's notification preferences."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.kinds import KINDS
from notifications.models import Preference

# A mail that is its own kind comes at its own time: wanted or not, never "at once".
WANTED = [(Preference.Mail.OFF, _("Non")), (Preference.Mail.NOW, _("Oui"))]


class PreferencesForm(forms.Form):
    """Two fields a kind: `<kind>_app` and, where there is a choice, `<kind>_mail`."""

    def __init__(self, *args: Any, preferences: dict[str, Preference], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kinds = list(preferences)
        for code, row in preferences.items():
            if not KINDS[code].mail_only:
                self.fields[f"{code}_app"] = forms.BooleanField(required=False, initial=row.in_app)
            if not KINDS[code].mailed_elsewhere:
                choices = WANTED if KINDS[code].mail_only else Preference.Mail.choices
                self.fields[f"{code}_mail"] = forms.ChoiceField(choices=choices, initial=row.mail)

    def rows(self) -> list[dict[str, Any]]:
        """For the template: the kind and its bound fields."""
        return [
            {
                "kind": KINDS[code],
                "app": self[f"{code}_app"] if f"{code}_app" in self.fields else None,
                "mail": self[f"{code}_mail"] if f"{code}_mail" in self.fields else None,
            }
            for code in self._kinds
        ]

    def choices(self) -> dict[str, tuple[bool, str]]:
        data = self.cleaned_data
        return {
            code: (data.get(f"{code}_app", False), data.get(f"{code}_mail", Preference.Mail.OFF))
            for code in self._kinds
        }
