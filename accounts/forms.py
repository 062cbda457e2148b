"""allauth's password forms, which also clear `must_change_password`."""

from typing import Any

from allauth.account import forms
from django.utils.translation import gettext_lazy as _

from accounts.services import record_password_change


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
