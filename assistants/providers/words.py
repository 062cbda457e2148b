"""Turns the pieces of a stream into text to show: complete characters, without the model's reasoning."""

import codecs
import re

from assistants.providers.wire import BYTES_AS_CHARACTERS, FIRST_BYTE, has_bytes

# In lower case; compared case-insensitively, since models vary.
_TAGS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[think]", "[/think]"),
)


class Words:
    """Filter of a stream: `feed` each piece, then `end` once; both return text to show.

    Removes reasoning in <think>…</think> at the start of an answer, as written by many open models. Later in the answer
    such tags are part of the text.
    """

    def __init__(self) -> None:
        self._characters = WholeCharacters()
        self._buffer = ""
        self._closing = ""
        self._in_answer = False
        self._has_thought = False

    def feed(self, piece: str) -> str:
        return self._visible(self._characters.feed(piece))

    def end(self) -> str:
        """The remaining text: an incomplete opening tag is text, unfinished reasoning is dropped."""
        visible = self._visible(self._characters.end())
        rest, self._buffer = self._buffer, ""
        if self._closing:
            return visible
        return visible + (rest.lstrip() if self._has_thought else rest)

    def _visible(self, piece: str) -> str:
        if self._in_answer:
            return piece
        self._buffer += piece
        # Each iteration ends a reasoning block, starts one, or leaves the loop.
        while True:
            if self._closing:
                closing = re.search(re.escape(self._closing), self._buffer, re.IGNORECASE | re.ASCII)
                if closing is None:
                    # The end of the buffer may be the start of the closing tag.
                    self._buffer = self._buffer[-len(self._closing) :]
                    return ""
                self._buffer, self._closing = self._buffer[closing.end() :], ""
            head = self._buffer.lstrip()
            if not head:
                return ""
            tags = next((pair for pair in _TAGS if head.lower().startswith(pair[0])), None)
            if tags is None:
                break
            self._buffer, self._closing, self._has_thought = head[len(tags[0]) :], tags[1], True
        if any(tag.startswith(head.lower()) for tag, _closing in _TAGS):
            return ""
        visible, self._buffer, self._in_answer = head if self._has_thought else self._buffer, "", True
        return visible


class WholeCharacters:
    """Joins characters that a server has split over two events, within their UTF-8 bytes or surrogate pair."""

    def __init__(self) -> None:
        self._surrogate = ""
        self._bytes: codecs.IncrementalDecoder | None = None

    def feed(self, piece: str) -> str:
        if self._bytes is None and has_bytes(piece):
            self._bytes = codecs.getincrementaldecoder("utf-8")("replace")
        if self._bytes is not None:
            piece = self._bytes.decode(_as_bytes(piece))
        piece, self._surrogate = self._surrogate + piece, ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._surrogate = piece[:-1], piece[-1]
        return _merge_surrogates(piece)

    def end(self) -> str:
        """The rest; an incomplete character becomes U+FFFD."""
        left, self._surrogate = self._surrogate, ""
        return _merge_surrogates(left) + (self._bytes.decode(b"", True) if self._bytes else "")


def _merge_surrogates(text: str) -> str:
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
