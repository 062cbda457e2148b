"""Upper bounds of tokens: for reservations before a call, and for usage that a provider has not counted.

Both count by script. Byte-level BPE and SentencePiece with byte fallback split UTF-8 into
pieces of one byte or more, so no text has more tokens than bytes; this is the bound for other scripts. Measured with
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

# A lower-case word with the space before it. Everything else, single letters included, is bounded by a token per byte.
_WORD = re.compile(rb" ?[a-z]{2,}")
# Patterns that are rare in French and English and may take a token per letter: very long words, clusters of consonants
# or vowels, a q without u, unusual words of two letters, two letters between digits, signs or accents ("ab1cd2").
_ODD = re.compile(
    rb"[a-z]{14,}|[bcdfghjklmnpqrstvwxz]{3,}|[aeiouy]{3,}|q(?!u)[a-z]?"
    rb"|\b(?:y[a-z]|[a-z]y|[iou][aeiouy])\b|(?<![a-z ])[a-z]{2}(?![a-z])",
)
# A word after a digit, a sign or a line end may take half a token more than after a space.
_UNSPACED = re.compile(rb"(?<![a-z \x80-\xff])[a-z]{2,}")
# Unknown words of four or six letters may take up to half a token more than `_WORD_LETTER` gives.
_EVEN = re.compile(rb"\b(?:[a-z]{4}|[a-z]{6})\b")
_RARE = b"jkqwxzy"
# Tokens per letter of other words. Verified with o200k and cl100k on all words of three letters and the worst of 6,000
# random words of each length up to 8, in prose, lines, cells and lists. French prose is bounded by 0.7 tokens per byte
# and takes 0.23; the provider's count of a call bounds the next one (conversations/prompt_counts.py).
_WORD_LETTER = 0.65
# Characters that take one token at most in o200k and cl100k. Of two bytes: accented lower-case letters of western
# Europe, some capitals of French, its quotation marks and space, a few signs; other Latin letters may take two tokens.
# Of three bytes: typographic punctuation.
_OF_TWO = "àáâãäåæçèéêëìíîïñòóôõöøùúûüœßÀÂÇÉ«»\xa0°·"
_OF_THREE = "’‘“”…–—€•→"
# First bytes of Greek, Cyrillic, Hebrew and Arabic letters (two bytes), and of Chinese and Japanese characters (three).
# A letter of other scripts may take as many tokens as bytes.
_TWO_BYTES = bytes([*range(0xCE, 0xD4), *range(0xD7, 0xDC)])
_EAST_ASIAN = bytes(range(0xE3, 0xEA))
# Tokens per byte for estimates: Latin words, rare patterns, Chinese and Japanese.
_ESTIMATED_LETTER = 1 / 3
_ESTIMATED_NOISE = 2 / 3
_ESTIMATED_HAN = 0.8


def input_token_bound(system: str, messages: Iterable[ChatMessage]) -> int:
    """Upper bound of the input tokens of a call, from its texts only."""
    return math.ceil(text_bound(system)) + MESSAGE_OVERHEAD + REQUEST_OVERHEAD + messages_bound(messages)


def messages_bound(messages: Iterable[ChatMessage]) -> int:
    """Upper bound of the tokens of messages in a call, with the overhead of the chat template."""
    return sum(math.ceil(text_bound(message.text)) + MESSAGE_OVERHEAD for message in messages)


def text_bound(text: str) -> float:
    """Upper bound of a text's tokens: its bytes, less for words of Latin letters."""
    data = text.encode("utf-8", "surrogatepass")
    letters, odd, rare = _words_of(data)
    halves = rare + len(_EVEN.findall(data)) + len(_UNSPACED.findall(data))
    words = (letters - odd) * _WORD_LETTER + odd + halves / 2
    return min(words + len(data) - letters - _bytes_saved(text), len(data))


def _bytes_saved(text: str) -> int:
    """Bytes beyond the first of multi-byte characters that take one token at most."""
    return 0 if text.isascii() else sum(map(text.count, _OF_TWO)) + 2 * sum(map(text.count, _OF_THREE))


def _words_of(data: bytes) -> tuple[int, int, int]:
    """Numbers of (bytes of words with the spaces before them, letters in rare patterns, rare letters)."""
    letters = sum(map(len, _WORD.findall(data)))
    return letters, sum(map(len, _ODD.findall(data))), len(data) - len(data.translate(None, _RARE))


def tokens_at_most(text: str) -> float:
    """High estimate of a text's tokens for uncounted usage: above the real figure, at most `text_bound`.

    Not rounded, since an answer is counted piece by piece.
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
