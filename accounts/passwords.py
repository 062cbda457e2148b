"""Password validator in addition to Django's."""

import unicodedata
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MIN_VISIBLE: Final = 8


class VisibleCharactersValidator:
    """Requires enough visible characters, because spaces and invisible ones add length but are easy to guess."""

    def validate(self, password: str, user: Any = None) -> None:
        visible = [character for character in password if unicodedata.category(character)[0] not in "ZC"]
        if len(visible) < MIN_VISIBLE or len(set(visible)) < 3:
            raise ValidationError(self.get_help_text(), code="password_unseen")

    def get_help_text(self) -> str:
        text = _("Au moins %(least)s caractères visibles, dont trois différents : les espaces ne comptent pas.")
        return text % {"least": MIN_VISIBLE}
