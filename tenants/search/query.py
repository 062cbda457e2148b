"""What was typed, as a query: words, "phrases" and « phrases », -without, OR.

A word is found by its beginning, and by its French and English stem; small words count only where nothing else is
typed. Whatever is typed, the query is sound: only folded letters and digits reach PostgreSQL's syntax.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.postgres.search import SearchQueryField
from django.db.models import Func

from tenants.search.fields import Found, Words
from tenants.search.folding import fold

MAX_QUERY: Final = 200
MAX_WORDS: Final = 20
# Shorter words are found as they are written, with or without an s: a stem of two letters begins too many words.
SHORTEST_STEMMED: Final = 5
_PART = re.compile(r'(?:(?<=\s)|^)(-?)(?:"([^"]*)"?|(\S+))|"([^"]*)"?|(\S+)')
# A number as French people write it: « 1 234 567,89 ».
_GROUPED = re.compile(r"(?<![\d.,-])\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)")
_QUOTES = str.maketrans("«»“”„", '"""""')
_SMALL: Final = frozenset(
    """l la le les un une d de du des c ce cet cette ces s sa son ses se m ma mon mes me t ta ton tes te j je n ne qu
    que qui et ou a au aux en dans par pour sur avec est il elle on nous vous ils elles y pas plus
    the of and or to in is it an at for on with""".split()
)


@dataclass(frozen=True, eq=False)
class _Group:
    """What must all be true: `OR` stands between groups. Each phrase is its words."""

    words: list[str] = field(default_factory=list)
    phrases: list[list[str]] = field(default_factory=list)
    without: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """A query. False where nothing that was typed can be searched for (signs alone)."""

    groups: tuple[_Group, ...]

    def __bool__(self) -> bool:
        return bool(self.groups)

    @property
    def words(self) -> list[str]:
        """Every folded word that is looked for, each once."""
        found = [word for group in self.groups for words in ([group.words, *group.phrases]) for word in words]
        return list(dict.fromkeys(found))

    def in_words(self, words: Words) -> Found:
        """A condition for `filter`: these words answer the query. `words` is written as in the index."""
        return Found(words, _Query(self.groups))


def wanted(typed: str) -> Wanted:
    """Read what was typed; the first 200 characters count. A number typed in groups is also looked for in one."""
    text = typed[:MAX_QUERY].translate(_QUOTES)
    whole = _GROUPED.sub(lambda number: "".join(number.group().split()), text)
    groups = _groups(text) if whole == text else [*_groups(text), *_groups(whole)]
    return Wanted(tuple(_without_small(group) for group in groups if group.words or group.phrases))


def _groups(typed: str) -> list[_Group]:
    groups: list[_Group] = [_Group()]
    left = MAX_WORDS
    for match in _PART.finditer(typed):
        minus, quoted, plain, late_quoted, late_plain = match.groups()
        phrase = quoted if quoted is not None else late_quoted
        text = phrase if phrase is not None else plain or late_plain or ""
        if text in ("OR", "OU") and phrase is None and not minus:
            groups.append(_Group())
            continue
        words = fold(text).split()[:left]
        left -= len(words)
        if not words:
            continue
        if minus:
            groups[-1].without.append(words)
        elif phrase is not None:
            groups[-1].phrases.append(words)
        else:
            groups[-1].words.extend(words)
    return groups


def _without_small(group: _Group) -> _Group:
    large = [word for word in group.words if word not in _SMALL]
    return _Group(large, group.phrases, group.without) if large or group.phrases else group


def forms(word: str) -> list[str]:
    """A folded word and what the other number would be written as, in French or English."""
    found = [word]
    if len(word) > 3 and word[-1] in "sx":
        found.append(word[:-1])
    if len(word) > 4 and word.endswith("ies"):
        found.append(f"{word[:-3]}y")
    elif len(word) > 3 and word.endswith("y"):
        found.append(f"{word[:-1]}ies")
    elif len(word) > 4 and word.endswith("aux"):
        found.extend((f"{word[:-3]}al", f"{word[:-3]}ail"))
    elif len(word) > 3 and word.endswith(("al", "ail")):
        found.append(f"{word.removesuffix('al').removesuffix('ail')}aux")
    return found


class _Query(Func):
    """The query in PostgreSQL's form. Each text of it is a parameter."""

    template = "%(expressions)s"
    output_field = SearchQueryField()

    def __init__(self, groups: tuple[_Group, ...]) -> None:
        super().__init__()
        self._groups = groups

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[str, ...]]:  # type: ignore[override]
        parameters: list[str] = []

        def query(config: str, text: str) -> str:
            parameters.append(text)
            return f"to_tsquery('pg_catalog.{config}'::regconfig, %s)"

        def of_word(word: str) -> str:
            beginnings = " | ".join(f"'{form}'{':*' if len(form) > 1 else ''}" for form in forms(word))
            parts = [query("simple", beginnings)]
            if len(word) >= SHORTEST_STEMMED:
                parts += [query(config, f"'{word}':*") for config in ("french", "english")]
            return f"({' || '.join(parts)})"

        def of_group(group: _Group) -> str:
            parts = [of_word(word) for word in group.words]
            parts += [query("simple", _phrase(words)) for words in group.phrases]
            parts += [query("simple", f"!({_phrase(words, plural=True)})") for words in group.without]
            return f"({' && '.join(parts)})"

        return f"({' || '.join(of_group(group) for group in self._groups)})", tuple(parameters)


def _phrase(words: list[str], *, plural: bool = False) -> str:
    exact = " <-> ".join(f"'{word}'" for word in words)
    if plural and len(words) == 1:
        return " | ".join(f"'{form}'" for form in {*forms(words[0]), f"{words[0]}s"})
    return f"({exact})"
