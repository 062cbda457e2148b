"""Converts untrusted Markdown (people's texts, models' answers) to safe HTML.

GitHub's parser (cmarkgfm) takes linear time for any input; tests/ui/test_markdown_cost.py measures it. Raw HTML and
images never reach it: their first character is replaced before parsing, and restored and escaped after. Then depth and
size are limited, code is highlighted with classes, and nh3 keeps only listed tags and attributes. The result contains
no text of the interface, so it can be stored for all languages.
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

# Increment with every change of the output of `render`: HTML stored under another version is rendered again.
VERSION: Final = 3
# Characters. Longer texts are shown as plain text.
MAX_INPUT: Final = 200_000
# Maximum nesting of quotes and lists; deeper ones are shown at this depth.
MAX_DEPTH: Final = 16
# Maximum HTML per character of text; beyond it the text is an attack (an ordinary text has 1.6, a table 6).
MAX_GROWTH: Final = 20
CACHE_SECONDS: Final = 7 * 24 * 3600

_TAGS = {
    *"a blockquote br code del em h3 h4 h5 h6 hr li ol p pre span strong sub sup table tbody td th thead tr ul".split()
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}, "pre": {"data-language"}}
_SCHEMES = {"http", "https", "mailto"}
_EXTENSIONS = ["table", "strikethrough", "autolink", "tasklist"]
# A single tilde means "about" or a range ("50~60"), not strikethrough.
_OPTIONS = Options.CMARK_OPT_HARDBREAKS | Options.CMARK_OPT_STRIKETHROUGH_DOUBLE_TILDE

# Private-use characters replace characters that the parser must not interpret.
_LESS, _NO_IMAGE = "\U000f0000", "\U000f0001"
_PRIVATE = dict.fromkeys(range(0xF0000, 0xF0030), "\ufffd")
# HTML that models write where Markdown has no syntax: line breaks in cells, sub- and superscripts. Plain text in code.
_HTML = {name: chr(0xF0010 + place) for place, name in enumerate(("<br>", "<sub>", "</sub>", "<sup>", "</sup>"))}
_ALLOWED_HTML = re.compile(r"<(br) ?/?>|<(/?su[bp])>", re.IGNORECASE)
_ANY_CODE = re.compile(r"<code[^>]*>[^<]*</code>")
# TeX formulas are shown as written: their characters are neither emphasis nor escapes.
_MATH = re.compile(
    r"\\\((?:[^\\\n]|\\(?![()])){1,1000}\\\)|\\\[(?:[^\\]|\\(?![\[\]])){1,4000}\\\]|\$\$[^$]{1,4000}\$\$"
)
_MATH_CHARACTERS = {ord(character): chr(0xF0020 + place) for place, character in enumerate("\\*_[]()~`#|$")}
_MATH_RESTORED = {ord(placeholder): chr(character) for character, placeholder in _MATH_CHARACTERS.items()}
# An autolink that ends at a French space or punctuation mark: the parser knows only ASCII's.
_TYPED_LINK = re.compile(
    r'<a href="[^"]*">((?:https?://|www\.)[^<\s\u00a0\u202f\u2009«»“”…]+)([\u00a0\u202f\u2009«»“”…][^<]*)</a>'
)
# "<" keeps its meaning before an address (<https://a.example>, <a@b.example>) and a link's target ([a](<b c>)).
_LESS_THAN = re.compile(
    r"(?P<kept>\]\(<[^<>\n]{1,2000}>(?=[)\s])|<(?:https?://|mailto:)[^<>\s]{1,2000}>|<[\w.+-]{1,64}@[\w.-]{1,250}>)|<"
)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>")
_CODE = re.compile(r'<pre><code(?: class="language-([^"]*)")?>([^<]*)</code></pre>')
_URL_SAFE = ":/?#[]@!$&'()*+,;=%~"
_NESTING = {"blockquote", "ul", "ol", "li"}


def render(text: str, *, colours: bool = True) -> SafeString:
    """Sanitised HTML of a Markdown text; plain text if it is too long or expands too much.

    Pure computation: 200,000 characters take about 50 ms. `colours`: highlight code (for a complete text only).
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
    html = _TAG.sub(_TagFilter(), html)
    html = _CODE.sub(_code if colours else _plain_code, html)
    cleaned: str = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes={"span": CLASSES},
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
        # A wide table scrolls by itself: keyboards reach it.
        set_tag_attribute_values={"a": {"target": "_blank"}, "table": {"tabindex": "0"}},
    )
    return mark_safe(cleaned)  # noqa: S308 - sanitised above


def render_cached(text: str) -> SafeString:
    """As `render`, cached by the hash of the text: for texts shown repeatedly whose HTML is not stored."""
    if not 500 < len(text) <= MAX_INPUT:
        return render(text)
    key = f"markdown:{VERSION}:{sha256(text.encode(errors='replace')).hexdigest()}"
    html: str | None = cache.get(key)
    if html is None:
        html = str(render(text))
        cache.set(key, html, CACHE_SECONDS)
    return mark_safe(html)  # noqa: S308 - made by `render`, in this workspace's cache


def as_written(text: str) -> SafeString:
    """The text, escaped, in a <pre>."""
    return mark_safe(f"<pre>{escape(text)}</pre>")  # noqa: S308 - escaped here


def _parsed(text: str) -> str:
    text = _MATH.sub(lambda match: match[0].translate(_MATH_CHARACTERS), text.translate(_PRIVATE))
    text = _ALLOWED_HTML.sub(lambda match: _HTML[f"<{(match[1] or match[2]).lower()}>"], text)
    text = _LESS_THAN.sub(lambda match: match["kept"] or _LESS, text).replace("![", f"!{_NO_IMAGE}[")
    html: str = cmarkgfm.markdown_to_html_with_extensions(text, options=_OPTIONS, extensions=_EXTENSIONS)
    html = _TYPED_LINK.sub(_typed_link, html)
    html = _ANY_CODE.sub(lambda match: _with_html(match[0], escape), html)
    html = _with_html(html, str).translate(_MATH_RESTORED)
    return html.replace(_LESS, "&lt;").replace("%F3%B0%80%80", "%3C").replace(_NO_IMAGE, "")


def _with_html(html: str, convert: Callable[[str], str]) -> str:
    for tag, placeholder in _HTML.items():
        html = html.replace(placeholder, convert(tag))
    return html


def _typed_link(match: re.Match[str]) -> str:
    address, text_after = unescape(match[1]), match[2]
    target = address if address.startswith("http") else f"http://{address}"
    return f'<a href="{escape(quote(target, safe=_URL_SAFE))}">{match[1]}</a>{text_after}'


class _TagFilter:
    """Rewrites tags: headings two levels down (the page has a title), nesting limited, task boxes as characters."""

    def __init__(self) -> None:
        self.depth = 0

    def __call__(self, match: re.Match[str]) -> str:
        closing, name, attributes = match.groups()
        if name in _NESTING:
            if closing:
                self.depth -= 1
                return match[0] if self.depth < MAX_DEPTH else ""
            self.depth += 1
            return match[0] if self.depth <= MAX_DEPTH else ""
        if name == "a" and 'href=""' in attributes:
            # The parser refused the address.
            return "<a>"
        if name == "input":
            return f'<span class="task">{"☑" if "checked" in attributes else "☐"}</span>'
        if name[0] == "h" and name[1:].isdigit():
            return f"<{closing}h{min(6, int(name[1:]) + 2)}>"
        return match[0]


def _code(match: re.Match[str]) -> str:
    language, code = match.groups()
    return _block(language, coloured(code, language) if language else code)


def _plain_code(match: re.Match[str]) -> str:
    return _block(match[1], match[2])


def _block(language: str | None, code: str) -> str:
    language_attribute = (
        f' data-language="{language}"' if language and re.fullmatch(r"[\w+#.-]{1,30}", language) else ""
    )
    return f"<pre{language_attribute}><code>{code}</code></pre>"


# Markdown syntax removed from titles: markers of headings, quotes and lists ("10 idées" and "2026. Une année" keep
# their number), emphasis, and closing markers of headings.
_LINE_MARKERS = re.compile(r"^(?:#{1,6}\s+|[>\s]+|[-*+]\s+(?:\[[ xX]\]\s+)?|\d{1,3}[.)]\s+)+")
_LINK = re.compile(r"!?\[([^\[\]\n]{1,300})\]\([^()\s]{0,2000}\)")
_EMPHASIS = re.compile(
    r"(\*{1,3}|~~|`)(?=[^\s*~`])([^*~`]{1,300})(?<=\S)\1"
    r"|(?<![\w/])(_{1,3})(?=[^\s_])([^_]{1,300})(?<=\S)\3(?![\w.(/])"
)
_CLOSING = re.compile(r"\s+#+\s*$")
# Lines without words: rules, borders of tables.
_WITHOUT_WORDS = re.compile(r"[-=*_~#|:\s]*$")
_FENCE = re.compile(r"\s*(?:```|~~~)")
# A full stop after these does not end a sentence.
_ABBREVIATIONS = {
    *"M Mr Mrs Ms Dr Pr Prof Me St Ste av env ex cf etc fig no n° p pp vol art al bd chap réf tél".split()
}
MAX_TITLE_LINE: Final = 1_000
# A salutation, on a line that ends with a comma or as a sentence of its own.
_GREETING = re.compile(
    r"(?:bonjour|bonsoir|salut|coucou|ch(?:er|ère)s?|madame|monsieur|mesdames|messieurs|hello|hi|hey|dear)"
    r"(?:\s+(?:et\s+|and\s+)?[\w'’.-]{1,40}){0,4}\s*(?:,\s*$|!\s*)",
    re.IGNORECASE,
)


def plain_title(text: str, length: int = 80) -> str:
    """The first sentence of a Markdown text, for a title.

    Skips greetings, code and tables, unless there is nothing else.
    """
    fallback, in_code = "", False
    for line in text[:20_000].splitlines():
        if _FENCE.match(line):
            in_code = not in_code
            continue
        words = _plain_words(line.strip()[:MAX_TITLE_LINE])
        greeting = None if in_code else _GREETING.match(words)
        if in_code or greeting or line.lstrip().startswith("|"):
            fallback = fallback or words
            words = words[greeting.end() :] if greeting else ""
        if words:
            return _shortened(_sentence(words), length)
    return _shortened(fallback, length)


def _plain_words(line: str) -> str:
    if _WITHOUT_WORDS.match(line):
        return ""
    words = _LINK.sub(r"\1", _LINE_MARKERS.sub("", line))
    for _ in range(3):
        words = _EMPHASIS.sub(lambda match: match[2] or match[4], words)
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
