"""Between the socket and the SDK: what the body began with, and bytes that are no UTF-8 by themselves.

The SDKs decode each event alone, and fail on a character whose bytes a server sent in two of them. Such bytes pass as
characters of a private area, and `words.WholeCharacters` joins them again.
"""

import codecs
from collections.abc import AsyncIterator

import httpx2

# Enough for any error body; what follows is the stream's own.
HEAD_BYTES = 16_384
# Bytes 0x80 to 0xFF stand as U+F780 to U+F7FF.
FIRST_BYTE = 0xF700
BYTES_AS_CHARACTERS = frozenset(map(chr, range(FIRST_BYTE + 0x80, FIRST_BYTE + 0x100)))


def _bytes_as_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(FIRST_BYTE + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("ruche-bytes-as-characters", _bytes_as_characters)


def has_bytes(text: str) -> bool:
    """True where the text holds bytes that came as characters."""
    return not text.isascii() and not BYTES_AS_CHARACTERS.isdisjoint(text)


class Watched(httpx2.AsyncByteStream):
    """A response's body, handed on as it comes."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body
        self.head = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        decoder = codecs.getincrementaldecoder("utf-8")("ruche-bytes-as-characters")
        async for chunk in self._body:
            if len(self.head) < HEAD_BYTES:
                self.head += chunk[: HEAD_BYTES - len(self.head)]
            yield decoder.decode(chunk).encode()
        if rest := decoder.decode(b"", True):
            yield rest.encode()

    async def aclose(self) -> None:
        await self._body.aclose()


def watch(response: httpx2.Response) -> Watched | None:
    """Read the response's body through a `Watched`; None where it is compressed: its bytes say nothing."""
    if response.headers.get("content-encoding", "identity") != "identity":
        return None
    if not isinstance(response.stream, httpx2.AsyncByteStream):
        return None
    response.stream = Watched(response.stream)
    return response.stream
