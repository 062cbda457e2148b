"""Parses a search into a query: words, "phrases" and « phrases », -excluded, OR.

A word matches by prefix and by its French and English stem. Stop words count only if nothing else is typed. Any input
gives a valid query: only folded letters and digits reach PostgreSQL's syntax.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.postgres.search import SearchQueryField
from django.db.models import Func

from tenants.search.fields import Match, Words
from tenants.search.folding import fold

MAX_QUERY_LENGTH: Final = 200
MAX_WORDS: Final = 20
# Shorter words are not stemmed: a stem of two letters is a prefix of too many words.
MIN_STEMMED_LENGTH: Final = 5
_PART = re.compile(r'(?:(?<=\s)|^)(-?)(?:"([^"]*)"?|(\S+))|"([^"]*)"?|(\S+)')
# A number in French notation, with spaces between groups of digits: « 1 234 567,89 ».
_GROUPED_NUMBER = re.compile(r"(?<![\d.,-])\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)")
_QUOTES = str.maketrans("«»“”„", '"""""')
_STOP_WORDS: Final = frozenset(
    """l la le les un une d de du des c ce cet cette ces s sa son ses se m ma mon mes me t ta ton tes te j je n ne qu
    que qui et ou a au aux en dans par pour sur avec est il elle on nous vous ils elles y pas plus
    the of and or to in is it an at for on with""".split()
)


@dataclass(frozen=True, eq=False)
class _Group:
    """Conditions joined by AND; groups are joined by OR. A phrase is a list of words."""

    words: list[str] = field(default_factory=list)
    phrases: list[list[str]] = field(default_factory=list)
    without: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class SearchQuery:
    """A parsed query. False if the input has no word to search for (only punctuation)."""

    groups: tuple[_Group, ...]

    def __bool__(self) -> bool:
        return bool(self.groups)

    @property
    def words(self) -> list[str]:
        """Every folded word of the query, without duplicates."""
        all_words = [word for group in self.groups for words in ([group.words, *group.phrases]) for word in words]
        return list(dict.fromkeys(all_words))

    def matches(self, words: Words) -> Match:
        """A condition for `filter`. `words` must equal the expression of the index."""
        return Match(words, _TsQuery(self.groups))


def parse(typed: str) -> SearchQuery:
    """Parse the first 200 characters of a search. A number with grouped digits is also searched without spaces."""
    text = typed[:MAX_QUERY_LENGTH].translate(_QUOTES)
    ungrouped = _GROUPED_NUMBER.sub(lambda number: "".join(number.group().split()), text)
    groups = _groups(text) if ungrouped == text else [*_groups(text), *_groups(ungrouped)]
    return SearchQuery(tuple(_without_stop_words(group) for group in groups if group.words or group.phrases))


def _groups(typed: str) -> list[_Group]:
    groups: list[_Group] = [_Group()]
    remaining = MAX_WORDS
    for match in _PART.finditer(typed):
        minus, quoted, plain, late_quoted, late_plain = match.groups()
        phrase = quoted if quoted is not None else late_quoted
        text = phrase if phrase is not None else plain or late_plain or ""
        if text in ("OR", "OU") and phrase is None and not minus:
            groups.append(_Group())
            continue
        words = fold(text).split()[:remaining]
        remaining -= len(words)
        if not words:
            continue
        if minus:
            groups[-1].without.append(words)
        elif phrase is not None:
            groups[-1].phrases.append(words)
        else:
            groups[-1].words.extend(words)
    return groups


def _without_stop_words(group: _Group) -> _Group:
    significant = [word for word in group.words if word not in _STOP_WORDS]
    return _Group(significant, group.phrases, group.without) if significant or group.phrases else group


def forms(word: str) -> list[str]:
    """A folded word with its likely singular or plural, in French and English."""
    variants = [word]
    if len(word) > 3 and word[-1] in "sx":
        variants.append(word[:-1])
    if len(word) > 4 and word.endswith("ies"):
        variants.append(f"{word[:-3]}y")
    elif len(word) > 3 and word.endswith("y"):
        variants.append(f"{word[:-1]}ies")
    elif len(word) > 4 and word.endswith("aux"):
        variants.extend((f"{word[:-3]}al", f"{word[:-3]}ail"))
    elif len(word) > 3 and word.endswith(("al", "ail")):
        variants.append(f"{word.removesuffix('al').removesuffix('ail')}aux")
    return variants


class _TsQuery(Func):
    """The query as a tsquery. Every text is passed as a parameter."""

    template = "%(expressions)s"
    output_field = SearchQueryField()

    def __init__(self, groups: tuple[_Group, ...]) -> None:
        super().__init__()
        self._groups = groups

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, tuple[str, ...]]:  # type: ignore[override]
        parameters: list[str] = []

        def tsquery(config: str, text: str) -> str:
            parameters.append(text)
            return f"to_tsquery('pg_catalog.{config}'::regconfig, %s)"

        def word_sql(word: str) -> str:
            beginnings = " | ".join(f"'{form}'{':*' if len(form) > 1 else ''}" for form in forms(word))
            parts = [tsquery("simple", beginnings)]
            if len(word) >= MIN_STEMMED_LENGTH:
                parts += [tsquery(config, f"'{word}':*") for config in ("french", "english")]
            return f"({' || '.join(parts)})"

        def group_sql(group: _Group) -> str:
            parts = [word_sql(word) for word in group.words]
            parts += [tsquery("simple", _phrase(words)) for words in group.phrases]
            parts += [tsquery("simple", f"!({_phrase(words, plural=True)})") for words in group.without]
            return f"({' && '.join(parts)})"

        return f"({' || '.join(group_sql(group) for group in self._groups)})", tuple(parameters)


def _phrase(words: list[str], *, plural: bool = False) -> str:
    exact = " <-> ".join(f"'{word}'" for word in words)
    if plural and len(words) == 1:
        return " | ".join(f"'{form}'" for form in {*forms(words[0]), f"{words[0]}s"})
    return f"({exact})"
