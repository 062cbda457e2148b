"""Markdown of the operator's texts on the public site."""

import re
from typing import Final

from django.utils.safestring import SafeString, mark_safe

from ui.markdown import render_cached

_HEADING: Final = re.compile(r"<(/?)h([3-6])>")


def rich_text(text: str) -> SafeString:
    """Sanitised HTML of a text that stands right under the title of its page: `##` is the first level of headings."""
    html = _HEADING.sub(lambda tag: f"<{tag[1]}h{max(2, int(tag[2]) - 2)}>", render_cached(text))
    return mark_safe(html)  # noqa: S308 - sanitised by `render_cached`
