"""Filter between the socket and the SDK: records the head of the body, drops events without data, repairs UTF-8.

The SDKs parse every event as JSON, also those that only keep the connection open (an empty `data:`, an `id:`, a
`retry:`, a comment, all allowed by the HTML standard, 9.2.6). Such events are dropped.

The SDKs decode each event separately, and fail on a character whose bytes are split over two events. Such bytes are
passed as private-use characters, which `words.WholeCharacters` joins again.
"""

import codecs
import re
from collections.abc import AsyncIterator

import httpx2

# Recorded bytes, enough for any error body.
HEAD_BYTES = 16_384
# Bytes 0x80 to 0xFF are represented by U+F780 to U+F7FF.
FIRST_BYTE = 0xF700
BYTES_AS_CHARACTERS = frozenset(map(chr, range(FIRST_BYTE + 0x80, FIRST_BYTE + 0x100)))


def _bytes_as_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(FIRST_BYTE + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("ruche-bytes-as-characters", _bytes_as_characters)


def has_bytes(text: str) -> bool:
    """Whether the text contains bytes represented as characters."""
    return not text.isascii() and not BYTES_AS_CHARACTERS.isdisjoint(text)


_LINE_ENDS = re.compile(r"\r\n|\n|\r")
# The fields that the SDKs read; the others concern the connection.
_DATA = re.compile(r"data(?::|$)")
_NAMED = re.compile(r"event(?::|$)")


class Events:
    """Filters the events with data out of a stream, which may arrive in pieces of any size."""

    def __init__(self) -> None:
        self._pending = ""
        self._lines: list[str] = []
        self._has_started = False

    def feed(self, text: str, *, last: bool = False) -> str:
        if text and not self._has_started:
            # A stream may start with a byte order mark.
            text, self._has_started = text.removeprefix("\ufeff"), True
        text = self._pending + text
        # The "\n" of a "\r\n" may follow in the next piece.
        carriage_return = "\r" if text.endswith("\r") and not last else ""
        *lines, self._pending = _LINE_ENDS.split(text.removesuffix(carriage_return) if carriage_return else text)
        self._pending += carriage_return
        if last and self._pending:
            lines, self._pending = [*lines, self._pending], ""
        return "".join(map(self._line, lines)) + (self._line("") if last else "")

    def _line(self, line: str) -> str:
        if line:
            if _DATA.match(line) or _NAMED.match(line):
                self._lines.append(line)
            return ""
        event, self._lines = self._lines, []
        if any(_DATA.match(line) and line[5:].strip() for line in event):
            return "\n".join([*event, "", ""])
        return ""


class Watched(httpx2.AsyncByteStream):
    """A response body that records its head and passes on the events with data."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body
        self.head = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        events = Events()
        decoder = codecs.getincrementaldecoder("utf-8")("ruche-bytes-as-characters")
        async for chunk in self._body:
            if len(self.head) < HEAD_BYTES:
                self.head += chunk[: HEAD_BYTES - len(self.head)]
            if ready := events.feed(decoder.decode(chunk)):
                yield ready.encode()
        if ready := events.feed(decoder.decode(b"", True), last=True):
            yield ready.encode()

    async def aclose(self) -> None:
        await self._body.aclose()


def watch(response: httpx2.Response) -> Watched | None:
    """Wrap the body of a response in `Watched`; None if it is compressed and cannot be inspected."""
    if response.headers.get("content-encoding", "identity") != "identity":
        return None
    if not isinstance(response.stream, httpx2.AsyncByteStream):
        return None
    response.stream = Watched(response.stream)
    return response.stream
