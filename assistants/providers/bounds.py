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

_LETTERS = b"abcdefghijklmnopqrstuvwxyz "
# What words of French or English rarely have, and tokenisers cut into single letters: very long words, clusters of
# consonants or vowels, odd words of two letters. Up to a token a letter.
_ODD = re.compile(
    rb"[a-z]{14,}|[bcdfghjklmnpqrstvwxz]{3,}|[aeiouy]{3,}|\b(?:y[a-z]|[a-z]y|[iou][aeiouy])\b",
)
# Words of an even number of letters lose a whole token more than half their letters where nobody knows them.
_EVEN = re.compile(rb"\b(?:[a-z]{4}|[a-z]{6})\b")
_RARE = b"jkqwxzy"
# Tokens a letter of the other words. Measured with o200k and cl100k against words chosen to be the dearest of 15,000
# at random of each length: at most 0.96 of the bound. French prose is bound to 0.67 token a byte, and takes 0.23.
_WORD_LETTER = 0.55
# What begins a letter of Latin script with an accent (U+00C0 to U+024F), in two bytes: one token at most.
_ACCENTED = bytes(range(0xC3, 0xCA))
# What begins any other letter of two bytes, combining marks (0xCC, 0xCD) aside: Greek, Cyrillic, Hebrew, Arabic.
_TWO_BYTES = bytes(range(0xCA, 0xCC)) + bytes(range(0xCE, 0xE0))
_ASCII = bytes(range(0x80))
# Tokens a byte, when nobody said: for words of Latin letters; for scripts of three and four bytes a character.
_ESTIMATED_LETTER = 1 / 3
_ESTIMATED_NOISE = 2 / 3
_ESTIMATED_LONG = 0.8


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
    accented = len(data) - len(data.translate(None, _ACCENTED))
    even = len(_EVEN.findall(data))
    words = (letters - odd) * _WORD_LETTER + odd + (rare + even) / 2 + accented
    return min(words + len(data) - letters - 2 * accented, len(data))


def _words_of(data: bytes) -> tuple[int, int, int]:
    """(small letters and spaces, those in odd places, rare ones)."""
    letters = len(data) - len(data.translate(None, _LETTERS))
    return letters, sum(map(len, _ODD.findall(data))), len(data) - len(data.translate(None, _RARE))


def tokens_at_most(text: str) -> float:
    """What a text took at most, for settling what nobody counted: above the real figure, below the bound.

    Not rounded: an answer is counted piece by piece.
    """
    data = text.encode("utf-8", "surrogatepass")
    letters, odd, rare = _words_of(data)
    two = len(data) - len(data.translate(None, _ACCENTED + _TWO_BYTES))
    beyond = len(data.translate(None, _ASCII)) - 2 * two
    ascii_rest = len(data) - letters - 2 * two - beyond
    words = (letters - odd) * _ESTIMATED_LETTER + odd * _ESTIMATED_NOISE + rare / 4
    return words + two + beyond * _ESTIMATED_LONG + ascii_rest


def estimate_tokens(text: str) -> int:
    """`tokens_at_most` of a whole text, rounded up."""
    return math.ceil(tokens_at_most(text))
