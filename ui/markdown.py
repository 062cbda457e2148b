"""Markdown to HTML that is safe to show, whoever wrote it. A model's answer is never trusted.

GitHub's parser (cmarkgfm) takes time in proportion to the text, whatever the text; `tests/conversations/
test_markdown_cost.py` counts it. Raw HTML and images never reach it: their first sign is taken out of the text before
and put back, escaped, after. Then the result is bounded (depth, size), code is highlighted with classes, and nh3 keeps
only listed tags and attributes. No word of the interface stands in the result: it can be stored for all languages.
"""

import logging
import re
from collections.abc import Callable
from hashlib import sha256
from html import escape, unescape
from typing import Final
from urllib.parse import quote

import cmarkgfm
import nh3
from cmarkgfm.cmark import Options
from django.core.cache import cache
from django.utils.safestring import SafeString, mark_safe

from ui.code_colours import CLASSES, coloured

log = logging.getLogger(__name__)

# Raised with every change of what `render` makes: what was stored under another version is made anew.
VERSION: Final = 2
# Characters. Longer texts are shown as they are written.
MAX_INPUT: Final = 200_000
# Quotes and lists within each other; deeper ones are shown at this depth.
MAX_DEPTH: Final = 16
# HTML per character of text, beyond which the text can only be an attack (an ordinary text makes 1.6, a table 6).
MAX_GROWTH: Final = 20
CACHE_SECONDS: Final = 7 * 24 * 3600

_TAGS = {
    *"a blockquote br code del em h3 h4 h5 h6 hr li ol p pre span strong sub sup table tbody td th thead tr ul".split()
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}, "pre": {"data-language"}}
_SCHEMES = {"http", "https", "mailto"}
_EXTENSIONS = ["table", "strikethrough", "autolink", "tasklist"]
# One tilde is "about" or a range: "50~60".
_OPTIONS = Options.CMARK_OPT_HARDBREAKS | Options.CMARK_OPT_STRIKETHROUGH_DOUBLE_TILDE

# Characters of a private area stand for what the parser shall not see as a sign.
_LESS, _NO_IMAGE = "\U000f0000", "\U000f0001"
_PRIVATE = dict.fromkeys(range(0xF0000, 0xF0030), "\ufffd")
# The HTML that models write where Markdown has none: two lines in a cell, indices and exponents. It stays text in code.
_HTML = {name: chr(0xF0010 + place) for place, name in enumerate(("<br>", "<sub>", "</sub>", "<sup>", "</sup>"))}
_KEPT_HTML = re.compile(r"<(br) ?/?>|<(/?su[bp])>", re.IGNORECASE)
_ANY_CODE = re.compile(r"<code[^>]*>[^<]*</code>")
# Formulas in TeX are shown as they are written: their signs are no emphasis, and no escapes.
_MATH = re.compile(
    r"\\\((?:[^\\\n]|\\(?![()])){1,1000}\\\)|\\\[(?:[^\\]|\\(?![\[\]])){1,4000}\\\]|\$\$[^$]{1,4000}\$\$"
)
_SIGNS = {ord(sign): chr(0xF0020 + place) for place, sign in enumerate("\\*_[]()~`#|$")}
_SIGNS_AGAIN = {ord(stood): chr(sign) for sign, stood in _SIGNS.items()}
# An address that the parser found by itself, with what ends it in French: it knows ASCII's spaces and marks alone.
_TYPED_LINK = re.compile(
    r'<a href="[^"]*">((?:https?://|www\.)[^<\s\u00a0\u202f\u2009«»“”…]+)([\u00a0\u202f\u2009«»“”…][^<]*)</a>'
)
# "<" where it begins an address (<https://a.example>, <a@b.example>) or a link's target ([a](<b c>)) stays a sign.
_LESS_THAN = re.compile(
    r"(?P<kept>\]\(<[^<>\n]{1,2000}>(?=[)\s])|<(?:https?://|mailto:)[^<>\s]{1,2000}>|<[\w.+-]{1,64}@[\w.-]{1,250}>)|<"
)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>")
_CODE = re.compile(r'<pre><code(?: class="language-([^"]*)")?>([^<]*)</code></pre>')
_OF_ADDRESSES = ":/?#[]@!$&'()*+,;=%~"
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
    text = _MATH.sub(lambda found: found[0].translate(_SIGNS), text.translate(_PRIVATE))
    text = _KEPT_HTML.sub(lambda found: _HTML[f"<{(found[1] or found[2]).lower()}>"], text)
    text = _LESS_THAN.sub(lambda found: found["kept"] or _LESS, text).replace("![", f"!{_NO_IMAGE}[")
    html: str = cmarkgfm.markdown_to_html_with_extensions(text, options=_OPTIONS, extensions=_EXTENSIONS)
    html = _TYPED_LINK.sub(_typed_link, html)
    html = _ANY_CODE.sub(lambda found: _with_html(found[0], escape), html)
    html = _with_html(html, str).translate(_SIGNS_AGAIN)
    return html.replace(_LESS, "&lt;").replace("%F3%B0%80%80", "%3C").replace(_NO_IMAGE, "")


def _with_html(html: str, shown: Callable[[str], str]) -> str:
    for tag, stood in _HTML.items():
        html = html.replace(stood, shown(tag))
    return html


def _typed_link(found: re.Match[str]) -> str:
    address, after = unescape(found[1]), found[2]
    target = address if address.startswith("http") else f"http://{address}"
    return f'<a href="{escape(quote(target, safe=_OF_ADDRESSES))}">{found[1]}</a>{after}'


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


# What a title does not need of a line of Markdown: marks of headings, quotes and lists ("10 idées" keeps its number,
# "2026. Une année" too), signs of emphasis around words, the signs that close a heading.
_MARKS = re.compile(r"^(?:#{1,6}\s+|[>\s]+|[-*+]\s+(?:\[[ xX]\]\s+)?|\d{1,3}[.)]\s+)+")
_LINK = re.compile(r"!?\[([^\[\]\n]{1,300})\]\([^()\s]{0,2000}\)")
_EMPHASIS = re.compile(
    r"(\*{1,3}|~~|`)(?=[^\s*~`])([^*~`]{1,300})(?<=\S)\1"
    r"|(?<![\w/])(_{1,3})(?=[^\s_])([^_]{1,300})(?<=\S)\3(?![\w.(/])"
)
_CLOSING = re.compile(r"\s+#+\s*$")
# Lines that say nothing: rules, borders of tables, what is left of them.
_NO_WORDS = re.compile(r"[-=*_~#|:\s]*$")
_FENCE = re.compile(r"\s*(?:```|~~~)")
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
    """The first sentence of a Markdown text, for a title.

    Neither a greeting, nor code, nor the head of a table, unless there is nothing else.
    """
    rather, in_code = "", False
    for line in text[:20_000].splitlines():
        if _FENCE.match(line):
            in_code = not in_code
            continue
        words = _plain_words(line.strip()[:MAX_TITLE_LINE])
        greeted = None if in_code else _GREETING.match(words)
        if in_code or greeted or line.lstrip().startswith("|"):
            rather = rather or words
            words = words[greeted.end() :] if greeted else ""
        if words:
            return _shortened(_sentence(words), length)
    return _shortened(rather, length)


def _plain_words(line: str) -> str:
    if _NO_WORDS.match(line):
        return ""
    words = _LINK.sub(r"\1", _MARKS.sub("", line))
    for _ in range(3):
        words = _EMPHASIS.sub(lambda found: found[2] or found[4], words)
    return _CLOSING.sub("", words).strip(" |")


def _sentence(words: str) -> str:
    for end in re.finditer(r"[.!?…]+(?=\s)", words):
        before = words[: end.start()]
        word = re.split(r"[\s(’'«]", before)[-1]
        is_short = word in _ABBREVIATIONS or (len(word) == 1 and word.isupper()) or word.isdigit() or "." in word
        if end[0] != "." or not is_short:
            return before if end[0] == "." else words[: end.end()]
    return words.rstrip(".") if words.rsplit(" ", 1)[-1].rstrip(".") not in _ABBREVIATIONS else words


def _shortened(sentence: str, length: int) -> str:
    return sentence if len(sentence) <= length else sentence[: length - 1].rsplit(" ", 1)[0] + "…"
