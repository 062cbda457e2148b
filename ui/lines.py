"""Fields of one line: a name, a title, a reason. No control character and no end of line stands in them.

People's words are refused where they hold one: in forms, and in services by `refuse_control_characters`. What machines
say (an error, a header, a file's name) is made one line by `one_line`. The column itself takes neither: a name with
an end of line would break, or forge, each mail and log line that carries it.
"""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# Unicode’s Cc, and the separators of lines and paragraphs. A zero-width joiner is none of them: names need it.
__all__ = ["Line", "LineEmailField", "LineField", "one_line", "refuse_control_characters"]

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROLS = re.compile("[ ]*[\x00-\x1f\x7f-\x9f\u2028\u2029][ \x00-\x1f\x7f-\x9f\u2028\u2029]*")


def refuse_control_characters(text: Any) -> None:
    """Raise `ValidationError` where a text that must be one line holds an end of line or another control character."""
    if isinstance(text, str) and _CONTROL.search(text):
        raise ValidationError(
            _("Tenez sur une ligne, sans saut de ligne ni caractère invisible : retapez ce texte."),
            code="control_characters",
        )


def one_line(text: str) -> str:
    """The text on one line: a space stands where control characters were."""
    return _CONTROLS.sub(" ", text).strip(" ") if _CONTROL.search(text) else text


class Line(forms.CharField):
    """What a person types on one line, in a form."""

    default_validators = [refuse_control_characters]  # noqa: RUF012 - Django's own attribute


class _OneLine:
    """A column that holds one line: refused by `full_clean`, made one line by every write."""

    default_validators: Any

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        # The column is Django's own, so migrations see no difference.
        return name, f"django.db.models.{self._django_name}", args, kwargs  # type: ignore[attr-defined]

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        value = super().pre_save(instance, add)  # type: ignore[misc]
        if isinstance(value, str) and (tidy := one_line(value)) != value:
            setattr(instance, self.attname, tidy)  # type: ignore[attr-defined]
            return tidy
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
        """An `EmailField` without control characters, also where nobody has validated it."""

        _django_name = "EmailField"
