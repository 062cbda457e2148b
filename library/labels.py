"""Normalisation of titles, tags and texts."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _

from library import names

MAX_TAGS: Final = 20
MAX_TAG: Final = 40
MAX_TITLE: Final = 200


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Trimmed lower-case tags in Unicode form NFC, without duplicates, in order; at most 20 of 40 characters.

    A leading "#" is removed; one at the end stays ("C#").
    """
    lines = (unicodedata.normalize("NFC", names.plain_line(re.sub(r"\s+", " ", tag))) for tag in tags)
    cleaned = (line.strip(" ,").lstrip("# ").lower()[:MAX_TAG].strip() for line in lines)
    return list(dict.fromkeys(tag for tag in cleaned if tag))[:MAX_TAGS]


def clean_title(title: str) -> str:
    line = names.plain_line(re.sub(r"\s+", " ", title)).strip()[:MAX_TITLE]
    # A title of joiners, variation selectors and fillers only would be an invisible link.
    return line if re.sub(r"[\s\u200c\u200d\ufe0e\ufe0f\u3164\u115f\u1160\u2800]", "", line) else _("Sans titre")


def clean_text(text: str) -> str:
    """Remove null characters, the only ones that PostgreSQL cannot store."""
    return text.replace("\x00", "")
