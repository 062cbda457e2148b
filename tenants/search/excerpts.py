"""The original text around what was found, with signs around the found words."""

import re
from collections.abc import Callable
from typing import Final

from tenants.search.folding import fold
from tenants.search.query import Wanted, forms

# Private-use characters around what was found: who renders escapes the text first, then turns them into marks.
MARK_START, MARK_END = "\ue000", "\ue001"
# Of a text, this much is looked through: a list shows thirty of them.
LOOKED_AT: Final = 60_000
_BEFORE, _LENGTH, _STEP = 80, 260, 2_000
# A word with the accents, joiners and soft hyphens written into it.
_WORD = re.compile(r"[\w\u0300-\u036f\u00ad\u200c\u200d\u2060]+")
_SIGNS = str.maketrans("", "", MARK_START + MARK_END)

Matches = Callable[[str], bool]


def excerpt(text: str, query: Wanted) -> str:
    """Some 260 characters around the first word found, each found one marked; blank where none is."""
    text = text[:LOOKED_AT].translate(_SIGNS)
    for matches in (_begins_with(query.words), _resembles(query.words)):
        at = _first(text, matches)
        if at is not None:
            return _marked(text, at, matches)
    return ""


def _begins_with(words: list[str]) -> Matches:
    wanted = tuple(form for word in words for form in forms(word) if len(form) > 1)
    single = {word for word in words if len(word) == 1}
    return lambda word: word.startswith(wanted) or word in single


def _resembles(words: list[str]) -> Matches:
    """Words of the same stem, more or less: three quarters of what was typed, four letters at least."""
    wanted = tuple(word[: max(4, round(len(word) * 0.75))] for word in words if len(word) > 4)
    return lambda word: bool(wanted) and word.startswith(wanted)


def _first(text: str, matches: Matches) -> int | None:
    """Where the first found word begins. Whole pieces are folded at once: words one by one only where it is."""
    for start in range(0, len(text), _STEP):
        piece = text[start : start + _STEP + 100]
        if any(map(matches, fold(piece).split())):
            for word in _WORD.finditer(piece):
                if any(map(matches, fold(word.group()).split())):
                    return start + word.start()
    return None


def _marked(text: str, at: int, matches: Matches) -> str:
    start = max(0, at - _BEFORE)
    if start:
        # From the beginning of a word on.
        space = text.find(" ", start, at)
        start = space + 1 if space >= 0 else start
    end = min(len(text), start + _LENGTH)
    if end < len(text):
        space = text.rfind(" ", max(at + 40, start), end)
        end = space if space >= 0 else end

    def mark(word: re.Match[str]) -> str:
        is_found = any(map(matches, fold(word.group()).split()))
        return f"{MARK_START}{word.group()}{MARK_END}" if is_found else word.group()

    shown = _WORD.sub(mark, text[start:end])
    return f"{'… ' if start else ''}{shown}{' …' if end < len(text) else ''}"
