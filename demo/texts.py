"""Parser of the demonstration's conversations, written in Markdown files in `texts/`:

=== Title
by: owner | assistant: general | day: 1 | at: 09:12 | pinned shared
image: name.png | Title of the image
--- question
…
--- answer
…
"""

import datetime as dt
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "texts"
_CONTRACTIONS = {("à", "le"): "au", ("à", "les"): "aux", ("de", "le"): "du", ("de", "les"): "des"}
_FLAGS = ("pinned", "shared", "archived")


@dataclass(frozen=True)
class Script:
    """One written conversation. `day`: days before today; `turns`: (question, answer); `image`: (file name, title)."""

    title: str
    author: str
    assistant: str
    turns: tuple[tuple[str, str], ...]
    day: int = 0
    at: dt.time = dt.time(10)
    flags: frozenset[str] = frozenset()
    image: tuple[str, str] | None = None

    def with_names(self, **names: str) -> "Script":
        """A copy with the placeholders of an everyday exchange replaced, in correct French."""

        def fill(text: str) -> str:
            for placeholder, name in names.items():
                text = text.replace(f"{{{placeholder}}}", name)
            text = re.sub(r"\b(à|de) (les?) ", lambda match: f"{_CONTRACTIONS[match[1], match[2]]} ", text)
            # Capitalize the beginning of a line or sentence.
            return re.sub(r"(^|\n|[.!?] )([a-zà-ÿ])", lambda match: match[1] + match[2].upper(), text)

        turns = tuple((fill(question), fill(answer)) for question, answer in self.turns)
        return replace(self, title=fill(self.title), turns=turns)


@cache
def scripts(name: str) -> tuple[Script, ...]:
    """The conversations of a file, in order."""
    parts = re.split(r"^=== ", (FOLDER / name).read_text(encoding="utf-8"), flags=re.M)[1:]
    return tuple(_script(part) for part in parts)


def _script(text: str) -> Script:
    head, *texts = re.split(r"^--- (?:question|answer)\n", text, flags=re.M)
    title, *lines = head.strip().splitlines()
    fields: dict[str, str] = {}
    flags: set[str] = set()
    image = None
    for line in lines:
        if line.startswith("image: "):
            file, _bar, name = line.removeprefix("image: ").partition(" | ")
            image = (file, name)
            continue
        for part in line.split("|"):
            key, colon, value = part.strip().partition(": ")
            if colon:
                fields[key.strip()] = value.strip()
            flags |= {flag for flag in _FLAGS if not colon and flag in part}
    texts = [text.strip() for text in texts]
    return Script(
        title=title.strip(),
        author=fields.get("by", "owner"),
        assistant=fields["assistant"],
        turns=tuple(zip(texts[::2], texts[1::2], strict=True)),
        day=int(fields.get("day", 0)),
        at=dt.time.fromisoformat(fields.get("at", "10:00")),
        flags=frozenset(flags),
        image=image,
    )
