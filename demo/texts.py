"""Reading the demonstration's texts: conversations written in Markdown files, beside this module.

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
_JOINED = {("à", "le"): "au", ("à", "les"): "aux", ("de", "le"): "du", ("de", "les"): "des"}
_FLAGS = ("pinned", "shared", "archived")


@dataclass(frozen=True)
class Script:
    """One conversation as it is written. `day`: days before today; `turns`: questions with their answers."""

    title: str
    by: str
    assistant: str
    turns: tuple[tuple[str, str], ...]
    day: int = 0
    at: dt.time = dt.time(10)
    flags: frozenset[str] = frozenset()
    image: tuple[str, str] | None = None

    def filled(self, **words: str) -> "Script":
        """With the names of an everyday exchange in their places."""

        def put(text: str) -> str:
            for name, word in words.items():
                text = text.replace(f"{{{name}}}", word)
            text = re.sub(r"\b(à|de) (les?) ", lambda found: f"{_JOINED[found[1], found[2]]} ", text)
            # What begins a line or a sentence begins with a capital.
            return re.sub(r"(^|\n|[.!?] )([a-zà-ÿ])", lambda found: found[1] + found[2].upper(), text)

        return replace(self, title=put(self.title), turns=tuple((put(asked), put(said)) for asked, said in self.turns))


@cache
def scripts(name: str) -> tuple[Script, ...]:
    """The conversations of a file, in its order."""
    parts = re.split(r"^=== ", (FOLDER / name).read_text(encoding="utf-8"), flags=re.M)[1:]
    return tuple(_script(part) for part in parts)


def _script(text: str) -> Script:
    head, *said = re.split(r"^--- (?:question|answer)\n", text, flags=re.M)
    title, *lines = head.strip().splitlines()
    given: dict[str, str] = {}
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
                given[key.strip()] = value.strip()
            flags |= {flag for flag in _FLAGS if not colon and flag in part}
    texts = [one.strip() for one in said]
    return Script(
        title=title.strip(),
        by=given.get("by", "owner"),
        assistant=given["assistant"],
        turns=tuple(zip(texts[::2], texts[1::2], strict=True)),
        day=int(given.get("day", 0)),
        at=dt.time.fromisoformat(given.get("at", "10:00")),
        flags=frozenset(flags),
        image=image,
    )
