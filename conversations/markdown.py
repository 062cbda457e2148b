"""Markdown to HTML that is safe to show, whoever wrote it. A model's answer is never trusted.

GitHub's parser (cmarkgfm) takes time in proportion to the text, whatever the text; `tests/conversations/
test_markdown_cost.py` counts it. Raw HTML and images never reach it: their first sign is taken out of the text before
and put back, escaped, after. Then the result is bounded (depth, size), code is highlighted with classes, and nh3 keeps
only listed tags and attributes. No word of the interface stands in the result: it can be stored for all languages.
"""

import logging
import re
from hashlib import sha256
from html import escape
from typing import Final

import cmarkgfm
import nh3
from cmarkgfm.cmark import Options
from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe

from conversations.code_colours import CLASSES, coloured

log = logging.getLogger(__name__)

# Raised with every change of what `render` makes: what was stored under another version is made anew.
VERSION: Final = 1
# Characters. Longer texts are shown as they are written.
MAX_INPUT: Final = 200_000
# Quotes and lists within each other; deeper ones are shown at this depth.
MAX_DEPTH: Final = 16
# HTML per character of text, beyond which the text can only be an attack (an ordinary text makes 1.6, a table 6).
MAX_GROWTH: Final = 20
CACHE_SECONDS: Final = 7 * 24 * 3600

_TAGS = {*"a blockquote br code del em h3 h4 h5 h6 hr li ol p pre span strong table tbody td th thead tr ul".split()}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}, "pre": {"data-language"}}
_SCHEMES = {"http", "https", "mailto"}
_EXTENSIONS = ["table", "strikethrough", "autolink", "tasklist"]

# Two characters of a private area stand for what the parser shall not see as a sign.
_LESS, _NO_IMAGE = "\U000f0000", "\U000f0001"
# "<" where it begins an address (<https://a.example>, <a@b.example>) or a link's target ([a](<b c>)) stays a sign.
_LESS_THAN = re.compile(
    r"(?P<kept>\]\(<[^<>\n]{1,2000}>(?=[)\s])|<(?:https?://|mailto:)[^<>\s]{1,2000}>|<[\w.+-]{1,64}@[\w.-]{1,250}>)|<"
)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>")
_CODE = re.compile(r'<pre><code(?: class="language-([^"]*)")?>([^<]*)</code></pre>')
_NESTING = {"blockquote", "ul", "ol", "li"}


def render(text: str, *, colours: bool = True) -> SafeString:
    """Sanitised HTML of a Markdown text; one that is too long, or made to explode, as it is written.

    Pure computation: 200,000 characters cost some 50 ms. `colours`: highlight code (only for a text that is whole).
    """
    if len(text) > MAX_INPUT:
        return as_written(text)
    try:
        html = _parsed(text)
    except Exception:
        log.exception("Markdown not rendered: %s characters", len(text))
        return as_written(text)
    if len(html) > MAX_GROWTH * len(text) + 10_000:
        return as_written(text)
    html = _TAG.sub(_Shaping(), html)
    html = _CODE.sub(_code if colours else _plain_code, html)
    cleaned: str = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes={"span": CLASSES},
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return mark_safe(cleaned)  # noqa: S308 - sanitised above


def render_kept(text: str) -> SafeString:
    """As `render`, kept by the hash of the text: for what is shown again and again, and stored nowhere."""
    if not 500 < len(text) <= MAX_INPUT:
        return render(text)
    key = f"markdown:{VERSION}:{sha256(text.encode(errors='replace')).hexdigest()}"
    html: str | None = cache.get(key)
    if html is None:
        html = str(render(text))
        cache.set(key, html, CACHE_SECONDS)
    return mark_safe(html)  # noqa: S308 - made by `render`, in this workspace's cache


def as_written(text: str) -> SafeString:
    """The text itself, escaped."""
    return mark_safe(f"<pre>{escape(text)}</pre>")  # noqa: S308 - escaped here


def _parsed(text: str) -> str:
    text = text.replace(_LESS, "\ufffd").replace(_NO_IMAGE, "\ufffd")
    text = _LESS_THAN.sub(lambda found: found["kept"] or _LESS, text).replace("![", f"!{_NO_IMAGE}[")
    html: str = cmarkgfm.markdown_to_html_with_extensions(
        text, options=Options.CMARK_OPT_HARDBREAKS, extensions=_EXTENSIONS
    )
    return html.replace(_LESS, "&lt;").replace("%F3%B0%80%80", "%3C").replace(_NO_IMAGE, "")


class _Shaping:
    """Tags as they are shown: headings two levels down (the page has its own title), depth bounded, tasks as signs."""

    def __init__(self) -> None:
        self.depth = 0

    def __call__(self, found: re.Match[str]) -> str:
        closing, name, attributes = found.groups()
        if name in _NESTING:
            if closing:
                self.depth -= 1
                return found[0] if self.depth < MAX_DEPTH else ""
            self.depth += 1
            return found[0] if self.depth <= MAX_DEPTH else ""
        if name == "a" and 'href=""' in attributes:
            # An address that the parser refused.
            return "<a>"
        if name == "input":
            return f'<span class="task">{"☑" if "checked" in attributes else "☐"}</span>'
        if name[0] == "h" and name[1:].isdigit():
            return f"<{closing}h{min(6, int(name[1:]) + 2)}>"
        return found[0]


def _code(found: re.Match[str]) -> str:
    language, code = found.groups()
    return _block(language, coloured(code, language) if language else code)


def _plain_code(found: re.Match[str]) -> str:
    return _block(found[1], found[2])


def _block(language: str | None, code: str) -> str:
    named = f' data-language="{language}"' if language and re.fullmatch(r"[\w+#.-]{1,30}", language) else ""
    return f"<pre{named}><code>{code}</code></pre>"


# What a title does not need of a line of Markdown: marks of headings, quotes and lists ("10 idées" keeps its number).
_MARKS = re.compile(r"^(?:[#>\s]+|[-*+]\s+(?:\[[ xX]\]\s+)?|\d{1,9}[.)]\s+)+")
_LINK = re.compile(r"!?\[([^\[\]\n]{1,300})\]\([^()\s]{0,2000}\)")
# A full stop after these is no end of a sentence.
_ABBREVIATIONS = {
    *"M Mr Mrs Ms Dr Pr Prof Me St Ste av env ex cf etc fig no n° p pp vol art al bd chap réf tél".split()
}
MAX_TITLE_LINE: Final = 1_000
# How a letter begins says nothing of it: a line that ends with a comma, or a sentence of its own.
_GREETING = re.compile(
    r"(?:bonjour|bonsoir|salut|coucou|ch(?:er|ère)s?|madame|monsieur|mesdames|messieurs|hello|hi|hey|dear)"
    r"(?:\s+(?:et\s+|and\s+)?[\w'’.-]{1,40}){0,4}\s*(?:,\s*$|!\s*)",
    re.IGNORECASE,
)


def plain_title(text: str, length: int = 80) -> str:
    """The first sentence of a Markdown text that is not a greeting, for a title."""
    greeting = ""
    for line in text[:20_000].splitlines():
        words = _MARKS.sub("", line.strip()[:MAX_TITLE_LINE])
        words = _LINK.sub(r"\1", words).replace("**", "").replace("__", "").replace("`", "").strip(" *_~#|-=")
        greeted = _GREETING.match(words)
        if greeted:
            greeting = greeting or words
            words = words[greeted.end() :]
        if words:
            return _shortened(_sentence(words), length)
    return _shortened(greeting, length)


def _sentence(words: str) -> str:
    for end in re.finditer(r"[.!?…]+(?=\s)", words):
        before = words[: end.start()]
        word = re.split(r"[\s(’'«]", before)[-1]
        is_short = word in _ABBREVIATIONS or (len(word) == 1 and word.isupper()) or word.isdigit()
        if end[0] != "." or not is_short:
            return before if end[0] == "." else words[: end.end()]
    return words.rstrip(".") if words.rsplit(" ", 1)[-1].rstrip(".") not in _ABBREVIATIONS else words


def _shortened(sentence: str, length: int) -> str:
    return sentence if len(sentence) <= length else sentence[: length - 1].rsplit(" ", 1)[0] + "…"
