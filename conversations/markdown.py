"""Markdown to HTML that is safe to show, whoever wrote it. A model's answer is never trusted."""

import re

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAGS = {*"a blockquote br code del em h1 h2 h3 h4 h5 h6 hr li ol p pre s strong table tbody td th thead tr ul".split()}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}, "td": {"align"}, "th": {"align"}}
_SCHEMES = {"http", "https", "mailto"}
# A line break is one, as in a post; raw HTML stays text; images are left out: fetching one tells its server who reads.
_parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable(["table", "strikethrough"])
_parser.disable("image")


def render(text: str) -> SafeString:
    """Sanitised HTML of a Markdown text. Links open elsewhere and say nothing of where they were clicked."""
    html = nh3.clean(
        _parser.renderer.render(_under_the_page(text), _parser.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return mark_safe(html)  # noqa: S308 - sanitised above


def _under_the_page(text: str) -> list[Token]:
    """The text's tokens, its headings two levels down: the page has its own title, and each answer its name."""
    tokens = _parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    return tokens


def plain_title(text: str, length: int = 80) -> str:
    """The first sentence of a Markdown text, for a title."""
    for line in text.splitlines():
        words = line.strip().lstrip("#>*-_0123456789. ").replace("**", "").replace("`", "").strip(" *_")
        if words:
            sentence = re.split(r"(?<=[.!?…])\s", words, maxsplit=1)[0].rstrip(".")
            return sentence if len(sentence) <= length else sentence[: length - 1].rsplit(" ", 1)[0] + "…"
    return ""


def stable_length(text: str) -> int:
    """How much of a growing text will not change its rendering any more: up to the last blank line outside a fence."""
    position = len(text)
    while True:
        position = text.rfind("\n\n", 0, position)
        if position <= 0:
            return 0
        if text.count("```", 0, position) % 2 == 0:
            return position + 2
