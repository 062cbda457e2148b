"""allauth's forms, where a changed password also ends the obligation to change it."""

from typing import Any

from allauth.account import forms

from accounts.services import password_was_changed


class ChangePasswordForm(forms.ChangePasswordForm):  # type: ignore[misc]
    def save(self, *args: Any, **kwargs: Any) -> Any:
        result = super().save(*args, **kwargs)
        password_was_changed(self.user)
        return result


class ResetPasswordKeyForm(forms.ResetPasswordKeyForm):  # type: ignore[misc]
    def save(self, *args: Any, **kwargs: Any) -> Any:
        result = super().save(*args, **kwargs)
        password_was_changed(self.user)
        return result
