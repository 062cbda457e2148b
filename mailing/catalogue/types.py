"""What a mail is made of: parts whose words an operator may change, between parts that only the code fills.

A text has variables as `{name}`, replaced in one pass: nothing in a value or in an operator's text is evaluated.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.functional import Promise

from mailing.types import MailKind

Words = str | Promise
Paragraphs = Words | tuple[Words, ...]
SUBJECT: Final = "subject"
PREVIEW: Final = "preview"
BUTTON: Final = "button"


class Shape(enum.Enum):
    """How the value of a variable is written. `URL` and `EMAIL` become links."""

    TEXT = "text"
    DATE = "date"
    MOMENT = "moment"
    URL = "url"
    EMAIL = "email"


class Tone(enum.Enum):
    NORMAL = "normal"
    QUIET = "quiet"
    TITLE = "title"
    STEPS = "steps"


@dataclass(frozen=True)
class Variable:
    """`label`: what it stands for, for the operator."""

    name: str
    label: Words
    shape: Shape = Shape.TEXT


@dataclass(frozen=True)
class Text:
    """Paragraphs. `when`, `unless`: names in the context; it is left out unless the one is true and the other false.

    Of a text of the tone `STEPS` each line is one numbered step.
    """

    code: str
    text: Paragraphs
    when: str = ""
    unless: str = ""
    label: Words = ""
    tone: Tone = Tone.NORMAL


@dataclass(frozen=True)
class Button:
    """`url`: name of the variable with its address."""

    label: Words
    url: str


@dataclass(frozen=True)
class Facts:
    """A small table: (label, variable). A row without a value is left out."""

    rows: tuple[tuple[Words, str], ...]


@dataclass(frozen=True)
class Items:
    """A list. `of`: name in the context of a list of {"words", "url" or nothing}."""

    of: str


@dataclass(frozen=True)
class Code:
    """A code to copy, by itself on its line. `when` as of `Text`."""

    of: str
    when: str = ""


@dataclass(frozen=True)
class Quote:
    """Words of a person, in lines."""

    of: str


Part = Text | Button | Facts | Items | Code | Quote


@dataclass(frozen=True)
class MailTemplate:
    """`title` and `purpose`: for the operator. `preview`: the line beside the subject in a mailbox.

    `samples`: a context as senders give it. `prepare`: what else the texts may name, computed from the context.
    `is_of_platform`: written in the operator's name, not in a workspace's. `carries_secret`: a password, a code or a
    link with access.
    """

    key: str
    title: Words
    purpose: Words
    subject: Words
    preview: Words
    body: tuple[Part, ...]
    variables: tuple[Variable, ...] = ()
    samples: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None
    kind: MailKind = MailKind.TRANSACTIONAL
    is_of_platform: bool = False
    carries_secret: bool = False

    @property
    def texts(self) -> tuple[Text, ...]:
        return tuple(part for part in self.body if isinstance(part, Text))

    @property
    def button(self) -> Button | None:
        return next((part for part in self.body if isinstance(part, Button)), None)


def written(text: Paragraphs) -> str:
    """Paragraphs in the active language, as an operator edits them: with an empty line between two."""
    return "\n\n".join(map(str, text)) if isinstance(text, tuple) else str(text)
