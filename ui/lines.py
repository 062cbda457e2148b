"""Single-line text fields (a name, a title, a reason): no line break and no other control character.

Input from people is refused, in forms and in services (`refuse_control_characters`). Text from machines (an error, a
header, a file name) is converted by `one_line`. Model fields convert on each write: a name with a line break would
break, or forge, every mail and log line that contains it.
"""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["Line", "LineEmailField", "LineField", "one_line", "refuse_control_characters"]

# Unicode's category Cc and the separators of lines and paragraphs. Zero-width joiners are allowed: names need them.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROLS = re.compile("[ ]*[\x00-\x1f\x7f-\x9f\u2028\u2029][ \x00-\x1f\x7f-\x9f\u2028\u2029]*")


def refuse_control_characters(text: Any) -> None:
    """Raise `ValidationError` if the text contains a line break or another control character."""
    if isinstance(text, str) and _CONTROL.search(text):
        raise ValidationError(
            _("Tenez sur une ligne, sans saut de ligne ni caractère invisible : retapez ce texte."),
            code="control_characters",
        )


def one_line(text: str) -> str:
    """The text with control characters replaced by a space."""
    return _CONTROLS.sub(" ", text).strip(" ") if _CONTROL.search(text) else text


class Line(forms.CharField):
    """A form field of one line."""

    default_validators = [refuse_control_characters]  # noqa: RUF012 - Django's own attribute


class _OneLine:
    """Mixin of a single-line model field: `full_clean` refuses control characters, a write replaces them."""

    default_validators: Any

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        # Deconstructed as Django's own field, so migrations need not change.
        return name, f"django.db.models.{self._django_name}", args, kwargs  # type: ignore[attr-defined]

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        value = super().pre_save(instance, add)  # type: ignore[misc]
        if isinstance(value, str) and (clean_value := one_line(value)) != value:
            setattr(instance, self.attname, clean_value)  # type: ignore[attr-defined]
            return clean_value
        return value

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        return super().get_db_prep_save(one_line(value) if isinstance(value, str) else value, connection)  # type: ignore[misc]


if TYPE_CHECKING:
    from django.db.models import CharField as LineField
    from django.db.models import EmailField as LineEmailField
else:

    class LineField(_OneLine, models.CharField):
        """A `CharField` without control characters."""

        _django_name = "CharField"
        default_validators = (*models.CharField.default_validators, refuse_control_characters)

        def formfield(self, **kwargs: Any) -> Any:
            return super().formfield(**{"form_class": Line, **kwargs})

    class LineEmailField(_OneLine, models.EmailField):
        """An `EmailField` without control characters, even if it was not validated."""

        _django_name = "EmailField"
