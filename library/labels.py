"""Titles, tags and texts as the library keeps them."""

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
    """Trimmed, in lower case and one Unicode form, each once, in the order given; 20 of 40 characters at most.

    A sign at its end is part of it ("C#"); one before it is how other places write tags.
    """
    lines = (unicodedata.normalize("NFC", names.plain_line(re.sub(r"\s+", " ", tag))) for tag in tags)
    tidy = (line.strip(" ,").lstrip("# ").lower()[:MAX_TAG].strip() for line in lines)
    return list(dict.fromkeys(tag for tag in tidy if tag))[:MAX_TAGS]


def line_title(title: str) -> str:
    line = names.plain_line(re.sub(r"\s+", " ", title)).strip()[:MAX_TITLE]
    # Joiners, selectors and fillers alone are a link that nobody sees.
    return line if re.sub(r"[\s\u200c\u200d\ufe0e\ufe0f\u3164\u115f\u1160\u2800]", "", line) else _("Sans titre")


def clean_text(text: str) -> str:
    """PostgreSQL takes every character but this one."""
    return text.replace("\x00", "")
