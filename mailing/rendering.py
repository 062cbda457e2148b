"""One source, two bodies: the parts of a template become the HTML and the text of a mail, with the same facts.

A variable `{name}` is replaced in one pass over the text; its value is escaped like any other text, and never read as
a template.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import css_inline
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext

from mailing.catalogue.types import (
    BUTTON,
    PREVIEW,
    SUBJECT,
    Button,
    Code,
    Facts,
    Items,
    MailTemplate,
    Part,
    Quote,
    Shape,
    Text,
    Tone,
    Variable,
    written,
)
from mailing.look import look_of
from tenants.platform import PlatformRef
from ui.lines import one_line

VARIABLE: Final = re.compile(r"\{([a-z_]+)\}")
# A value that is neither is written, without a link.
_EMAIL: Final = re.compile(r"[^\s<>\"']+@[^\s<>\"']+")
_URL: Final = re.compile(r"https?://[^\s<>\"']+")
_INLINER: Final = css_inline.CSSInliner(keep_at_rules=False, load_remote_stylesheets=False)


@dataclass(frozen=True)
class Piece:
    """A run of text, a link where it has an address."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Sender:
    """In whose name a mail is written. `mark`: has a square logo, which is attached when the mail leaves."""

    name: str
    address: str
    hue: int | None
    has_mark: bool
    platform: PlatformRef


@dataclass(frozen=True)
class Mail:
    subject: str
    text: str
    html: str


def default_texts(template: MailTemplate) -> dict[str, str]:
    """The words of a template in the active language, by their code, as an operator may edit them."""
    texts = {SUBJECT: str(template.subject), PREVIEW: str(template.preview)}
    texts |= {part.code: _edited(part) for part in template.texts}
    return texts | ({BUTTON: str(template.button.label)} if template.button else {})


def _edited(part: Text) -> str:
    if part.tone is Tone.STEPS and isinstance(part.text, tuple):
        return "\n".join(map(str, part.text))
    return written(part.text)


def render(
    template: MailTemplate,
    context: Mapping[str, Any],
    *,
    sender: Sender,
    texts: Mapping[str, str] | None = None,
    unsubscribe_url: str = "",
) -> Mail:
    """A mail in the active language. `texts`: words of an operator, by code, in the place of the default ones."""
    words = default_texts(template) | dict(texts or {})
    context = _with_common(template, context, sender.platform)
    filling = _Filling(template, context)
    subject = one_line(filling.plain(words[SUBJECT]))
    parts = [node for part in template.body for node in _nodes(part, words, context, filling)]
    name = one_line(str(context.get("name") or ""))
    greeting = gettext("Bonjour %(name)s,") % {"name": name} if name else gettext("Bonjour,")
    shown = {
        "language": translation.get_language(),
        "subject": subject,
        "preview": one_line(filling.plain(words[PREVIEW])),
        "greeting": greeting,
        "parts": parts,
        "sender": sender,
        "look": look_of(sender.hue),
        "unsubscribe_url": unsubscribe_url,
        "platform": sender.platform,
    }
    html = _INLINER.inline(render_to_string("mail/base.html", shown))
    return Mail(subject, _text(greeting, parts, sender, unsubscribe_url), html)


def values_of(template: MailTemplate, context: Mapping[str, Any], identity: PlatformRef) -> dict[str, str]:
    """What each variable is replaced by."""
    filling = _Filling(template, _with_common(template, context, identity))
    return {variable.name: filling.value(variable.name).text for variable in template.variables}


def _with_common(template: MailTemplate, context: Mapping[str, Any], identity: PlatformRef) -> dict[str, Any]:
    values = {"operator": identity.contact, "platform": identity.name, **context}
    return values | template.prepare(values) if template.prepare else values


class _Filling:
    """Replaces the variables of a template's texts by their values."""

    def __init__(self, template: MailTemplate, context: Mapping[str, Any]) -> None:
        self._variables = {variable.name: variable for variable in template.variables}
        self._context = context

    def pieces(self, text: str) -> tuple[Piece, ...]:
        return tuple(self._split(text))

    def plain(self, text: str) -> str:
        return "".join(piece.text for piece in self._split(text))

    def value(self, name: str) -> Piece:
        return _written_value(self._variables.get(name) or Variable(name, ""), self._context.get(name))

    def _split(self, text: str) -> Iterator[Piece]:
        end = 0
        for match in VARIABLE.finditer(text):
            if match[1] in self._variables:
                yield Piece(text[end : match.start()])
                yield self.value(match[1])
                end = match.end()
        yield Piece(text[end:])


def _written_value(variable: Variable, value: Any) -> Piece:
    if value is None or value == "":
        return Piece("")
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value) if timezone.is_aware(value) else value
    if isinstance(value, dt.date):
        return Piece(date_format(value, "DATETIME_FORMAT" if variable.shape is Shape.MOMENT else "DATE_FORMAT"))
    text = one_line(str(value))
    if variable.shape is Shape.EMAIL and _EMAIL.fullmatch(text):
        return Piece(text, f"mailto:{text}")
    return Piece(text, text if variable.shape is Shape.URL and _URL.fullmatch(text) else "")


def _nodes(
    part: Part, words: Mapping[str, str], context: Mapping[str, Any], filling: _Filling
) -> Iterator[dict[str, Any]]:
    match part:
        case Text():
            if _is_shown(part, context):
                yield from _paragraphs(part, words[part.code], filling)
        case Button():
            if url := str(context.get(part.url) or ""):
                yield {"kind": "button", "label": filling.plain(words[BUTTON]), "url": url}
        case Facts():
            rows = [(str(label), filling.value(name)) for label, name in part.rows]
            yield {"kind": "facts", "rows": [(label, piece) for label, piece in rows if piece.text]}
        case Items():
            items = [Piece(one_line(str(line["words"])), str(line.get("url") or "")) for line in context[part.of]]
            if items:
                yield {"kind": "items", "items": items}
        case Code():
            if not part.when or context.get(part.when):
                yield {"kind": "code", "code": one_line(str(context[part.of]))}
        case Quote():
            yield {"kind": "quote", "lines": str(context[part.of]).splitlines()}


def _is_shown(part: Text, context: Mapping[str, Any]) -> bool:
    return (not part.when or bool(context.get(part.when))) and not (part.unless and context.get(part.unless))


def _paragraphs(part: Text, text: str, filling: _Filling) -> Iterator[dict[str, Any]]:
    if part.tone is Tone.STEPS:
        steps = [filling.pieces(line.strip()) for line in text.splitlines() if line.strip()]
        if steps:
            yield {"kind": "steps", "steps": steps}
        return
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines = [filling.pieces(line.strip()) for line in paragraph.splitlines() if line.strip()]
        if lines:
            yield {"kind": part.tone.value, "lines": lines}


def _text(greeting: str, parts: list[dict[str, Any]], sender: Sender, unsubscribe_url: str) -> str:
    blocks = [greeting, *(_block(part) for part in parts)]
    foot = ["-- ", sender.name, sender.address]
    if sender.platform.email:
        foot.append(f"{sender.platform.publisher} · {sender.platform.email}")
    if unsubscribe_url:
        foot.append(_labelled(gettext("Ne plus recevoir ces e-mails, ou choisir"), unsubscribe_url))
    return "\n\n".join([*filter(None, blocks), "\n".join(filter(None, foot))]) + "\n"


def _block(part: dict[str, Any]) -> str:
    match part["kind"]:
        case "button":
            return _labelled(part["label"], part["url"])
        case "facts":
            return "\n".join(_labelled(label, piece.text) for label, piece in part["rows"])
        case "items":
            return "\n".join(f"- {item.text}" + (f"\n  {item.url}" if item.url else "") for item in part["items"])
        case "code":
            return str(part["code"])
        case "quote":
            return "\n".join(f"> {line}".rstrip() for line in part["lines"])
        case "steps":
            return "\n".join(f"{number}. {_joined(step)}" for number, step in enumerate(part["steps"], 1))
    return "\n".join(_joined(line) for line in part["lines"])


def _joined(pieces: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in pieces)


def _labelled(label: str, value: str) -> str:
    return gettext("%(label)s : %(value)s") % {"label": label, "value": value}
