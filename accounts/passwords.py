"""What a password must be beside Django's own rules."""

import unicodedata
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LEAST: Final = 8


class SeenCharactersValidator:
    """Enough characters that are seen: spaces and invisible ones count for the length, and are guessed at once."""

    def validate(self, password: str, user: Any = None) -> None:
        seen = [one for one in password if unicodedata.category(one)[0] not in "ZC"]
        if len(seen) < LEAST or len(set(seen)) < 3:
            raise ValidationError(self.get_help_text(), code="password_unseen")

    def get_help_text(self) -> str:
        said = _("Au moins %(least)s caractères visibles, dont trois différents : les espaces ne comptent pas.")
        return said % {"least": LEAST}
