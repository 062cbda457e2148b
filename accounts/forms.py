"""allauth's password forms, which also clear `must_change_password`; the forms of a profile."""

from typing import Any

from allauth.account import forms
from django import forms as django_forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.profiles import time_zones
from accounts.services import record_password_change
from ui.lines import Line


class ChangePasswordForm(forms.ChangePasswordForm):
    def clean(self) -> Any:
        cleaned = super().clean()
        new = cleaned.get("password1")
        if new and new == cleaned.get("oldpassword"):
            # Otherwise a generated password could be kept.
            self.add_error("password1", _("Choisissez un autre mot de passe que l’actuel."))
        return cleaned

    def save(self, *args: Any, **kwargs: Any) -> Any:
        result = super().save(*args, **kwargs)
        record_password_change(self.user)
        return result


class ResetPasswordKeyForm(forms.ResetPasswordKeyForm):
    def save(self, *args: Any, **kwargs: Any) -> Any:
        result = super().save(*args, **kwargs)
        record_password_change(self.user)
        return result


class ProfileForm(django_forms.Form):
    name = Line(label=_("Nom"), max_length=120, required=False, help_text=_("Celui que voient vos collègues."))
    language = django_forms.ChoiceField(label=_("Langue"), required=False)
    time_zone = django_forms.ChoiceField(
        label=_("Fuseau horaire"), required=False, help_text=_("Les dates et les heures s’écrivent à son heure.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language, time_zone = (self.fields[name] for name in ("language", "time_zone"))
        language.choices = [("", _("Celle de l’espace")), *settings.LANGUAGES]  # type: ignore[attr-defined]
        platform = (_("Celui de la plateforme (%(zone)s)") % {"zone": settings.TIME_ZONE}).replace("_", " ")
        time_zone.choices = [  # type: ignore[attr-defined]
            ("", platform),
            *((region, [(name, _place(name)) for name in names]) for region, names in time_zones().items()),
        ]


def _place(zone: str) -> str:
    """America/Argentina/Buenos_Aires is Argentina, Buenos Aires."""
    return zone.partition("/")[2].replace("/", ", ").replace("_", " ")


class AvatarForm(django_forms.Form):
    avatar = django_forms.FileField(
        label=_("Photo"), help_text=_("PNG, JPEG ou WebP, 8 Mo au plus ; le centre est gardé.")
    )
