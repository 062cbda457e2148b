"""How many tokens a call may cost before it is made, and how many it cost at most when nobody said.

Both count by script, in one pass over the bytes. Byte-level BPE and SentencePiece with byte fallback cut UTF-8 into
pieces of one byte or more, so no text has more tokens than bytes: the ceiling for what is not named here. Measured with
o200k and cl100k (bytes a token): French and English prose 3.6 to 4.2, code 4, digits 3 (one a token with Claude and
Llama), CSV 1.7, hexadecimal 1.7, Base64 1.4, accented letters alone 2, Chinese 2.9, rare Han 1.3, emoji 1.4.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from assistants.providers.types import ChatMessage

# Chat templates wrap every message in a role and separators: 3 to 7 tokens in the known ones.
MESSAGE_OVERHEAD = 16
# The template's own preamble: the start token, the opening of the answer, and the default system prompt or the dates
# that some models insert by themselves (30 to 40 tokens).
REQUEST_OVERHEAD = 64

_LETTERS = b"abcdefghijklmnopqrstuvwxyz "
# Letters without a word's shape (keys, noise) cost up to 0.6 token each. French words have 25 letters at most.
_NOISE = re.compile(rb"[a-z]{26,}")
# What begins a letter of Latin script with an accent (U+00C0 to U+024F), in two bytes: one token at most.
_ACCENTED = bytes(range(0xC3, 0xCA))
# What begins any other letter of two bytes, combining marks (0xCC, 0xCD) aside: Greek, Cyrillic, Hebrew, Arabic.
_TWO_BYTES = bytes(range(0xCA, 0xCC)) + bytes(range(0xCE, 0xE0))
_ASCII = bytes(range(0x80))
# Tokens a byte, when nobody said: for words of Latin letters; for scripts of three and four bytes a character.
_ESTIMATED_LETTER = 1 / 3
_ESTIMATED_NOISE = 2 / 3
_ESTIMATED_LONG = 0.8


@dataclass(frozen=True, slots=True)
class InputBound:
    """An upper bound of a call's input tokens, in two parts: words of Latin letters, and all the rest.

    Only the first part is calibrated: what real calls say of French prose says nothing of digits or Chinese.
    """

    letters: int
    rest: int

    @property
    def total(self) -> int:
        return self.letters + self.rest

    def calibrated(self, ratio: Decimal) -> int:
        """Tokens to reserve, where settled calls of the model stay below `ratio` of what letters were bound to."""
        return math.ceil(self.letters * ratio) + self.rest


def input_bound(system: str, messages: Iterable[ChatMessage]) -> InputBound:
    """The parts of the bound of a call's input."""
    texts = [system, *(message.text for message in messages)]
    overhead = MESSAGE_OVERHEAD * len(texts) + REQUEST_OVERHEAD
    letters = rest = 0.0
    for text in texts:
        of_letters, other = _bound_of(text)
        letters += of_letters
        rest += other
    return InputBound(math.ceil(letters), math.ceil(rest) + overhead)


def input_token_bound(system: str, messages: Iterable[ChatMessage]) -> int:
    """An upper bound of the input tokens of a call, not calibrated."""
    return input_bound(system, messages).total


def _bound_of(text: str) -> tuple[float, float]:
    """(tokens of Latin words, tokens of the rest), at most: half a token a byte for words, one a byte elsewhere."""
    data = text.encode("utf-8", "surrogatepass")
    letters = len(data) - len(data.translate(None, _LETTERS))
    noise = sum(map(len, _NOISE.findall(data)))
    accented = len(data) - len(data.translate(None, _ACCENTED))
    words = (letters - noise) / 2 + accented
    return words, len(data) - (letters - noise) - 2 * accented


def tokens_at_most(text: str) -> float:
    """What a text took at most, for settling what nobody counted: above the real figure, below the bound.

    Not rounded: an answer is counted piece by piece.
    """
    data = text.encode("utf-8", "surrogatepass")
    letters = len(data) - len(data.translate(None, _LETTERS))
    noise = sum(map(len, _NOISE.findall(data)))
    two = len(data) - len(data.translate(None, _ACCENTED + _TWO_BYTES))
    beyond = len(data.translate(None, _ASCII)) - 2 * two
    ascii_rest = len(data) - letters - 2 * two - beyond
    words = (letters - noise) * _ESTIMATED_LETTER + noise * _ESTIMATED_NOISE
    return words + two + beyond * _ESTIMATED_LONG + ascii_rest


def estimate_tokens(text: str) -> int:
    """`tokens_at_most` of a whole text, rounded up."""
    return math.ceil(tokens_at_most(text))
