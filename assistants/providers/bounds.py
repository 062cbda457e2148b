"""How many tokens a call may cost before it is made, and how many it cost at most when nobody said.

Both count by script. Byte-level BPE and SentencePiece with byte fallback cut UTF-8 into
pieces of one byte or more, so no text has more tokens than bytes: the ceiling for what is not named here. Measured with
o200k and cl100k (bytes a token): French and English prose 3.6 to 4.2, code 4, digits 3 (one a token with Claude and
Llama), CSV 1.7, hexadecimal 1.7, Base64 1.4, accented letters alone 2, Chinese 2.9, rare Han 1.3, emoji 1.4.
"""

import math
import re
from collections.abc import Iterable

from assistants.providers.types import ChatMessage

# Chat templates wrap every message in a role and separators: 3 to 7 tokens in the known ones.
MESSAGE_OVERHEAD = 16
# The template's own preamble: the start token, the opening of the answer, and the default system prompt or the dates
# that some models insert by themselves (30 to 40 tokens).
REQUEST_OVERHEAD = 64

# A word of small letters with the space before it. All else is a token a byte, letters alone and further spaces too.
_WORD = re.compile(rb" ?[a-z]{2,}")
# What words of French or English rarely have, and tokenisers cut into single letters: very long words, clusters of
# consonants or vowels, a q without its u, odd words of two letters, or of two between digits, signs, lines and accents
# ("ab1cd2"). Up to a token a letter.
_ODD = re.compile(
    rb"[a-z]{14,}|[bcdfghjklmnpqrstvwxz]{3,}|[aeiouy]{3,}|q(?!u)[a-z]?"
    rb"|\b(?:y[a-z]|[a-z]y|[iou][aeiouy])\b|(?<![a-z ])[a-z]{2}(?![a-z])",
)
# A word after a digit, a sign or the end of a line is cut worse than after a space: half a token more.
_UNSPACED = re.compile(rb"(?<![a-z \x80-\xff])[a-z]{2,}")
# Words of an even number of letters lose a whole token more than half their letters where nobody knows them.
_EVEN = re.compile(rb"\b(?:[a-z]{4}|[a-z]{6})\b")
_RARE = b"jkqwxzy"
# Tokens a letter of the other words. Measured with o200k and cl100k against all words of three letters and the dearest
# of 6,000 at random of each length to 8, apart and in lines, cells and lists: at most the bound. French prose is bound
# to 0.7 token a byte, and takes 0.23; the provider's count of a call then bounds the next (conversations).
_WORD_LETTER = 0.65
# What is one token at most, in o200k and in cl100k, though of several bytes. Of two: western Europe's small letters
# with an accent, the capitals of French that are, its quotation marks, its space and a few signs; all other letters of
# Latin script may be two tokens. Of three: the marks of typography.
_OF_TWO = "àáâãäåæçèéêëìíîïñòóôõöøùúûüœßÀÂÇÉ«»\xa0°·"
_OF_THREE = "’‘“”…–—€•→"
# What begins a letter of Greek, Cyrillic, Hebrew or Arabic, in two bytes, and one of Chinese or Japanese, in three. Of
# further scripts a letter may be as many tokens as bytes.
_TWO_BYTES = bytes([*range(0xCE, 0xD4), *range(0xD7, 0xDC)])
_EAST_ASIAN = bytes(range(0xE3, 0xEA))
# Tokens a byte, when nobody said: for words of Latin letters; for Chinese and Japanese.
_ESTIMATED_LETTER = 1 / 3
_ESTIMATED_NOISE = 2 / 3
_ESTIMATED_HAN = 0.8


def input_token_bound(system: str, messages: Iterable[ChatMessage]) -> int:
    """An upper bound of the input tokens of a call of which nothing is known but its texts."""
    return math.ceil(text_bound(system)) + MESSAGE_OVERHEAD + REQUEST_OVERHEAD + messages_bound(messages)


def messages_bound(messages: Iterable[ChatMessage]) -> int:
    """An upper bound of what these messages take in a call, with what wraps them."""
    return sum(math.ceil(text_bound(message.text)) + MESSAGE_OVERHEAD for message in messages)


def text_bound(text: str) -> float:
    """An upper bound of a text's tokens: its bytes; less for words of Latin letters."""
    data = text.encode("utf-8", "surrogatepass")
    letters, odd, rare = _words_of(data)
    halves = rare + len(_EVEN.findall(data)) + len(_UNSPACED.findall(data))
    words = (letters - odd) * _WORD_LETTER + odd + halves / 2
    return min(words + len(data) - letters - _bytes_saved(text), len(data))


def _bytes_saved(text: str) -> int:
    """Bytes beyond the first of what is one token at most."""
    return 0 if text.isascii() else sum(map(text.count, _OF_TWO)) + 2 * sum(map(text.count, _OF_THREE))


def _words_of(data: bytes) -> tuple[int, int, int]:
    """(letters of words and the spaces before them, those in odd places, rare ones)."""
    letters = sum(map(len, _WORD.findall(data)))
    return letters, sum(map(len, _ODD.findall(data))), len(data) - len(data.translate(None, _RARE))


def tokens_at_most(text: str) -> float:
    """What a text took at most, for settling what nobody counted: above the real figure, below the bound.

    Not rounded: an answer is counted piece by piece.
    """
    data = text.encode("utf-8", "surrogatepass")
    letters, odd, rare = _words_of(data)
    two = len(data) - len(data.translate(None, _TWO_BYTES))
    han = 3 * (len(data) - len(data.translate(None, _EAST_ASIAN)))
    rest = len(data) - letters - _bytes_saved(text) - two - (1 - _ESTIMATED_HAN) * han
    words = (letters - odd) * _ESTIMATED_LETTER + odd * _ESTIMATED_NOISE + rare / 4
    return min(words + rest, text_bound(text))


def estimate_tokens(text: str) -> int:
    """`tokens_at_most` of a whole text, rounded up."""
    return math.ceil(tokens_at_most(text))
