"""allauth's forms, where a changed password also ends the obligation to change it."""

from typing import Any

from allauth.account import forms
from django.utils.translation import gettext_lazy as _

from accounts.services import password_was_changed


class ChangePasswordForm(forms.ChangePasswordForm):
    def clean(self) -> Any:
        cleaned = super().clean()
        new = cleaned.get("password1")
        if new and new == cleaned.get("oldpassword"):
            # A password that somebody else made would otherwise stay, as changed.
            self.add_error("password1", _("Choisissez un autre mot de passe que l’actuel."))
        return cleaned

    def save(self, *args: Any, **kwargs: Any) -> Any:
        result = super().save(*args, **kwargs)
        password_was_changed(self.user)
        return result


class ResetPasswordKeyForm(forms.ResetPasswordKeyForm):
    def save(self, *args: Any, **kwargs: Any) -> Any:
        result = super().save(*args, **kwargs)
        password_was_changed(self.user)
        return result
