"""Excerpts: the original text around the first match of a query, with the matches marked."""

import re
from collections.abc import Callable
from typing import Final

from tenants.search.folding import fold
from tenants.search.query import SearchQuery, forms

# Private-use characters around each match: templates escape the text first, then replace them by <mark>.
MARK_START, MARK_END = "\ue000", "\ue001"
# Characters of a text that are searched for an excerpt: a list page makes thirty of them.
MAX_EXCERPT_SOURCE: Final = 60_000
_BEFORE, _LENGTH, _STEP = 80, 260, 2_000
# A word, including combining accents, joiners and soft hyphens.
_WORD = re.compile(r"[\w\u0300-\u036f\u00ad\u200c\u200d\u2060]+")
_REMOVE_MARKS = str.maketrans("", "", MARK_START + MARK_END)

WordTest = Callable[[str], bool]


def excerpt(text: str, query: SearchQuery) -> str:
    """About 260 characters around the first match, with every match marked; "" without a match."""
    text = text[:MAX_EXCERPT_SOURCE].translate(_REMOVE_MARKS)
    for matches in (_begins_with(query.words), _has_similar_stem(query.words)):
        at = _first(text, matches)
        if at is not None:
            return _marked(text, at, matches)
    return ""


def _begins_with(words: list[str]) -> WordTest:
    prefixes = tuple(form for word in words for form in forms(word) if len(form) > 1)
    exact = {word for word in words if len(word) == 1}
    return lambda word: word.startswith(prefixes) or word in exact


def _has_similar_stem(words: list[str]) -> WordTest:
    """Test for words of roughly the same stem: they share three quarters of the word, at least four letters."""
    prefixes = tuple(word[: max(4, round(len(word) * 0.75))] for word in words if len(word) > 4)
    return lambda word: bool(prefixes) and word.startswith(prefixes)


def _first(text: str, matches: WordTest) -> int | None:
    """Offset of the first match, or None. Folds a whole piece at a time, and single words only in the right piece."""
    for start in range(0, len(text), _STEP):
        piece = text[start : start + _STEP + 100]
        if any(map(matches, fold(piece).split())):
            for word in _WORD.finditer(piece):
                if any(map(matches, fold(word.group()).split())):
                    return start + word.start()
    return None


def _marked(text: str, at: int, matches: WordTest) -> str:
    start = max(0, at - _BEFORE)
    if start:
        # Start at a word boundary.
        space = text.find(" ", start, at)
        start = space + 1 if space >= 0 else start
    end = min(len(text), start + _LENGTH)
    if end < len(text):
        space = text.rfind(" ", max(at + 40, start), end)
        end = space if space >= 0 else end

    def mark(word: re.Match[str]) -> str:
        is_match = any(map(matches, fold(word.group()).split()))
        return f"{MARK_START}{word.group()}{MARK_END}" if is_match else word.group()

    shown = _WORD.sub(mark, text[start:end])
    return f"{'… ' if start else ''}{shown}{' …' if end < len(text) else ''}"
