"""Folding: text without accents, ligatures, case and typography, so that a search ignores these differences.

`fold` (Python) and `folded_sql` (PostgreSQL) give the same result from the same tables; a test compares them over all
of Unicode. PostgreSQL's own `lower` and text parser depend on the locale of the database: in some, ’ « » and … are
letters. Folded text has only lower-case letters, digits and single spaces, which every locale parses alike.

The tables are part of index expressions: a change needs a new name of `folded_sql` and a migration that rebuilds the
indexes. A test pins the SQL.
"""

import unicodedata
from typing import Final

# Removed from words: combining accents (after NFKD), vowel points, soft hyphens, joiners, direction marks, emoji
# variation selectors. Pairs of first and last code point.
_DROPPED: Final = (
    (0x00AD, 0x00AD), (0x0300, 0x036F), (0x0483, 0x0487), (0x0591, 0x05BD), (0x05BF, 0x05BF), (0x05C1, 0x05C2),
    (0x05C4, 0x05C5), (0x05C7, 0x05C7), (0x061C, 0x061C), (0x064B, 0x065F), (0x0670, 0x0670), (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF), (0x200C, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x20D0, 0x20FF), (0xFE00, 0xFE0F),
    (0xFE20, 0xFE2F), (0xFEFF, 0xFEFF),
)  # fmt: skip
# Replaced by a space: controls, punctuation, symbols, pictographs, private use.
_SPACES: Final = (
    (0x0001, 0x002F), (0x003A, 0x0040), (0x005B, 0x0060), (0x007B, 0x00AC), (0x00AE, 0x00BF), (0x00D7, 0x00D7),
    (0x00F7, 0x00F7), (0x02B9, 0x02DF), (0x02E5, 0x02FF), (0x0375, 0x0375), (0x037E, 0x037E), (0x0387, 0x0387),
    (0x055A, 0x055F), (0x0589, 0x058F), (0x05BE, 0x05BE), (0x05C0, 0x05C0), (0x05C3, 0x05C3), (0x05C6, 0x05C6),
    (0x05F3, 0x05F4), (0x0600, 0x060F), (0x061B, 0x061B), (0x061D, 0x061F), (0x066A, 0x066D), (0x06D4, 0x06D4),
    (0x0964, 0x0965), (0x0970, 0x0970), (0x0E3F, 0x0E3F), (0x0E4F, 0x0E4F), (0x0E5A, 0x0E5B), (0x104A, 0x104F),
    (0x10FB, 0x10FB), (0x1360, 0x1368), (0x1680, 0x1680), (0x2000, 0x200B), (0x2010, 0x2029), (0x202F, 0x205F),
    (0x20A0, 0x20CF), (0x2100, 0x214F), (0x2190, 0x2BFF), (0x2E00, 0x2E7F), (0x2FF0, 0x3004), (0x3008, 0x3020),
    (0x3030, 0x3030), (0x303D, 0x303F), (0x30A0, 0x30A0), (0x30FB, 0x30FB), (0xE000, 0xF8FF), (0xFE10, 0xFE1F),
    (0xFE30, 0xFE6F), (0xFFF0, 0xFFFF), (0x1F000, 0x1FBFF), (0xE0000, 0xE0FFF),
)  # fmt: skip
# Letters that NFKD does not decompose.
_LIGATURES: Final = {"œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ß": "ss", "ẞ": "ss", "þ": "th", "Þ": "th"}
_LETTERS_FROM: Final = "øØłŁđĐðÐħĦŧŦıŋŊς" + "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ" + "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏҐ"
_LETTERS_TO: Final = "oollddddhhttinnσ" + "αβγδεζηθικλμνξοπρστυφχψω" + "абвгдежзиклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґ"

_TABLE: Final[dict[int, str | None]] = (
    {code: None for first, last in _DROPPED for code in range(first, last + 1)}
    | {code: " " for first, last in _SPACES for code in range(first, last + 1)}
    | {ord(letter): many for letter, many in _LIGATURES.items()}
    | dict(zip(map(ord, _LETTERS_FROM), _LETTERS_TO, strict=True))
    | {code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
    | {0: " "}
)

# Characters of a text that are indexed: always fit into PostgreSQL's limit of 1 MB for a tsvector.
MAX_SEARCHED: Final = 200_000


def fold(text: str) -> str:
    """A text in folded form: lower-case words without accents, separated by single spaces."""
    return " ".join(unicodedata.normalize("NFKD", text).translate(_TABLE).split())


def folded_sql(text: str) -> str:
    """SQL that folds the SQL expression `text`. Immutable, so fit for an index; contains no percent sign."""
    sql = f'normalize(left({text}, {2 * MAX_SEARCHED}) COLLATE "C", NFKD)'
    sql = f"regexp_replace({sql}, '{_class(_DROPPED)}', '', 'g')"
    sql = f"regexp_replace({sql}, '{_class(_SPACES)}', ' ', 'g')"
    for letter, many in _LIGATURES.items():
        sql = f"replace({sql}, '{letter}', '{many}')"
    return f"left(lower(translate({sql}, '{_LETTERS_FROM}', '{_LETTERS_TO}')), {MAX_SEARCHED})"


def _class(ranges: tuple[tuple[int, int], ...]) -> str:
    parts = (f"\\U{first:08x}" if first == last else f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
    return f"[{''.join(parts)}]+"
