"""From pieces of a stream to words that can be shown: whole characters, and nothing of what a model thinks aloud."""

import codecs
import re

from assistants.providers.wire import BYTES_AS_CHARACTERS, FIRST_BYTE, has_bytes

# In small letters: models are not exact about them.
_TAGS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[think]", "[/think]"),
)


class Words:
    """`feed` each piece as it comes, `end` once: both give what may be shown. Thoughts are dropped here.

    Thoughts are what stands in <think>…</think> at the head of an answer, as many open models write them; further down
    the same letters are part of the answer.
    """

    def __init__(self) -> None:
        self._whole = WholeCharacters()
        self._held = ""
        self._closing = ""
        self._in_answer = False
        self._has_thought = False

    def feed(self, piece: str) -> str:
        return self._shown(self._whole.feed(piece))

    def end(self) -> str:
        """What was held back at the end: half a tag is text, an unfinished thought is not."""
        shown = self._shown(self._whole.end())
        held, self._held = self._held, ""
        if self._closing:
            return shown
        return shown + (held.lstrip() if self._has_thought else held)

    def _shown(self, piece: str) -> str:
        if self._in_answer:
            return piece
        self._held += piece
        # Each turn ends a thought, begins one, or leaves.
        while True:
            if self._closing:
                closing = re.search(re.escape(self._closing), self._held, re.IGNORECASE | re.ASCII)
                if closing is None:
                    # The end of what came may be the beginning of the tag.
                    self._held = self._held[-len(self._closing) :]
                    return ""
                self._held, self._closing = self._held[closing.end() :], ""
            head = self._held.lstrip()
            if not head:
                return ""
            tags = next((pair for pair in _TAGS if head.lower().startswith(pair[0])), None)
            if tags is None:
                break
            self._held, self._closing, self._has_thought = head[len(tags[0]) :], tags[1], True
        if any(tag.startswith(head.lower()) for tag, _closing in _TAGS):
            return ""
        shown, self._held, self._in_answer = head if self._has_thought else self._held, "", True
        return shown


class WholeCharacters:
    """Joins a character that a server cut in two events, by bytes or by its pair of UTF-16 surrogates."""

    def __init__(self) -> None:
        self._half = ""
        self._bytes: codecs.IncrementalDecoder | None = None

    def feed(self, piece: str) -> str:
        if self._bytes is None and has_bytes(piece):
            self._bytes = codecs.getincrementaldecoder("utf-8")("replace")
        if self._bytes is not None:
            piece = self._bytes.decode(_as_bytes(piece))
        piece, self._half = self._half + piece, ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        return _joined(piece)

    def end(self) -> str:
        """A half without its other becomes the replacement character."""
        left, self._half = self._half, ""
        return _joined(left) + (self._bytes.decode(b"", True) if self._bytes else "")


def _joined(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _as_bytes(text: str) -> bytes:
    return b"".join(
        bytes([ord(character) - FIRST_BYTE])
        if character in BYTES_AS_CHARACTERS
        else character.encode("utf-8", "surrogatepass")
        for character in text
    )
