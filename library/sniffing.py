"""Detection of a file's type from its bytes. The content type sent by the browser is ignored.

puremagic knows the signatures. Since it also guesses, a type is accepted only if its signature is at its required
position, too. Types that are not listed below are refused, such as programs. HTML, SVG and XML, which a browser could
execute, need a matching file extension; they are shown from a content host (library/contents.py) or downloaded.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import replace
from typing import IO, Final

import puremagic

from library import isomedia, office
from library.types import FileType, UploadRefused

HEAD_BYTES: Final = 64 * 1024


def _starts_with(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


def _brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda head: isomedia.brands(head)[:1] in {(brand,) for brand in brands}


def _doctype(name: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(b"\x1a\x45\xdf\xa3") and name in head[:64]


def _mpeg_audio(head: bytes) -> bool:
    """True for an ID3 tag, or a first MPEG layer III frame with a valid bit rate and sampling rate."""
    if head.startswith(b"ID3"):
        return True
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[2] >> 4 not in (0, 15) and (head[2] >> 2) & 3 != 3


_BINARY: Final[tuple[tuple[FileType, Callable[[bytes], bool]], ...]] = (
    (FileType("image/png", "png", "image", inline=True), _starts_with(b"\x89PNG\r\n\x1a\n")),
    (FileType("image/jpeg", "jpg", "image", inline=True), _starts_with(b"\xff\xd8\xff")),
    (FileType("image/gif", "gif", "image", inline=True), _starts_with(b"GIF87a", b"GIF89a")),
    (FileType("image/webp", "webp", "image", inline=True), _riff(b"WEBP")),
    (FileType("image/avif", "avif", "image", inline=True), isomedia.is_avif),
    (FileType("video/mp4", "mp4", "video", inline=True), isomedia.is_mp4),
    (FileType("video/quicktime", "mov", "video", inline=True), _brand(b"qt  ")),
    (FileType("video/webm", "webm", "video", inline=True), _doctype(b"webm")),
    (FileType("audio/mp4", "m4a", "audio", inline=True), _brand(b"M4A ", b"M4B ")),
    (FileType("audio/wav", "wav", "audio", inline=True), _riff(b"WAVE")),
    (FileType("audio/ogg", "ogg", "audio", inline=True), _starts_with(b"OggS\x00")),
    (FileType("audio/flac", "flac", "audio", inline=True), _starts_with(b"fLaC")),
    (FileType("audio/mpeg", "mp3", "audio", inline=True), _mpeg_audio),
    (FileType("application/pdf", "pdf", "document", inline=True), _starts_with(b"%PDF-")),
)
# Types that puremagic may not detect: MPEG frames without an ID3 tag have no distinctive signature.
_KNOWN_WITHOUT_PUREMAGIC: Final = frozenset({"audio/mpeg"})

# Types that are only downloaded and never executed, so the extension may select among them.
_MARKDOWN: Final = FileType("text/markdown", "md", "document")
_TEXTS: Final = {
    "md": _MARKDOWN,
    "markdown": _MARKDOWN,
    "csv": FileType("text/csv", "csv", "document"),
    "txt": FileType("text/plain", "txt", "document"),
}
_MARKDOWN_EXTENSIONS: Final = ("md", "markdown")
# Types that a browser could execute: both the extension and the beginning must match.
_HTML: Final = FileType("text/html", "html", "document")
_SVG: Final = FileType("image/svg+xml", "svg", "document")
_XML: Final = FileType("application/xml", "xml", "document")
_ACTIVE: Final = {"html": _HTML, "htm": _HTML, "svg": _SVG, "xml": _XML}
TYPES: Final = {
    kind.media_type: kind
    for kind in (*(entry[0] for entry in _BINARY), *office.TYPES, *_TEXTS.values(), *_ACTIVE.values())
}

_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
# PDF readers search for the signature in the first 1,024 bytes.
PDF_SEARCH_BYTES: Final = 1024
# Lines of printers (PJL) and web servers (HTTP headers) before the PDF signature, without any markup.
_BEFORE_PDF = re.compile(
    rb"(?:(?:\x1b%-12345X|@PJL[^<\r\n]*|HTTP/\d[^<\r\n]*|[a-z][a-z-]*:[^<\r\n]*)?[ \t]*(?:\r\n?|\n)|\x1b%-12345X)*",
    re.IGNORECASE,
)
# The signature followed by the first object, which texts about PDF do not have.
_PDF_START = re.compile(rb"%PDF-\d\.\d[^\r\n]{0,200}[\r\n]++(?:%[^\r\n]{0,400}[\r\n]++)*+\s*+\d+ \d+ obj")
# Beginnings of markup, scripts, PostScript, and RTF, which can contain objects.
_ACTIVE_OPENINGS = re.compile(rb"\s*(<[!?/a-z]|#!|\{\\rtf|%!ps)", re.IGNORECASE)
# Possessive all through: blanks that several parts could share are tried once, not by each part in turn.
# The declaration, instructions that name a style sheet (`<?xml-stylesheet …?>`) and comments, in any order.
_PROLOG = rb"(?:\s*+(?:<\?xml[^<>]{0,200}\?>|<!--(?:(?!-->).){0,4000}+-->))*+\s*+"
_BEGINNINGS: Final = {
    _HTML: re.compile(_PROLOG + rb"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL),
    _SVG: re.compile(
        _PROLOG
        + rb"(?:<!doctype\s+svg[^\[<>]{0,400}(?:\[[^\]]{0,4000}+\]\s*+)?>)?+"
        + _PROLOG
        + rb"<(?:svg:)?+svg[\s>]",
        re.IGNORECASE | re.DOTALL,
    ),
    # The declaration is optional. Without it, a root that browsers execute is a page under another name.
    _XML: re.compile(
        rb"\s*+<\?xml\s|" + _PROLOG + rb"<(?!(?:html|svg:svg|svg|script)[\s/>])[a-z_][\w.:-]*+[\s/>]",
        re.IGNORECASE | re.DOTALL,
    ),
}
_COMMENTS = re.compile(rb"\A(?:\s*<!--(?:(?!-->).){0,4000}-->)+", re.DOTALL)
_MARKDOWN_OPENINGS = re.compile(
    rb"\s*<(?:(?:a|b|blockquote|br|center|code|details|div|em|h[1-6]|hr|i|img|kbd|li|ol|p|picture|pre|span|strong"
    rb"|sub|summary|sup|table|think|thinking|ul)[\s/>]|https?:|mailto:)",
    re.IGNORECASE,
)
_TAGS = (
    rb"(?:a|abbr|acronym|address|applet|area|article|aside|audio|b|base|basefont|bdi|bdo|bgsound|big|blink|blockquote"
    rb"|body|br|button|canvas|caption|center|cite|code|col|colgroup|command|content|data|datalist|dd|del|details|dfn"
    rb"|dialog|dir|div|dl|dt|element|em|embed|fieldset|figcaption|figure|font|footer|form|frame|frameset|h[1-6]|head"
    rb"|header|hgroup|hr|html|i|iframe|image|img|input|ins|isindex|kbd|keygen|label|layer|legend|li|link|listing|main"
    rb"|map|mark|marquee|math|menu|menuitem|meta|meter|multicol|nav|nextid|nobr|noembed|noframes|noscript|object|ol"
    rb"|optgroup|option|output|p|param|picture|plaintext|portal|pre|progress|q|rb|rp|rt|rtc|ruby|s|samp|script|search"
    rb"|section|select|shadow|slot|small|source|spacer|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td"
    rb"|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|use|var|video|wbr|xml|xmp|xss)"
)
# A speaker in a transcript or a mail thread: a name that is not a tag, or an address, followed by words.
_SPEAKER = re.compile(
    rb"\s*<(?:[\w.+%-]{1,64}@[\w.-]{1,190}>:?\s|(?!"
    + _TAGS
    + rb'[\s>])[a-z][^<>=/"&;:\x00-\x1f]{0,60}>:?[ \t]+[^\s<])',
    re.IGNORECASE,
)
_MARKUP = re.compile(rb"<(?:[!?/]|" + _TAGS + rb"[\s/>])", re.IGNORECASE)
# DOS programs end texts with this character, once or repeated up to the end of a block.
_DOS_END: Final = b"\x1a"
_DOS_BLOCK: Final = 128


def sniff(file: IO[bytes], extension: str = "") -> FileType:
    """The type of a file. Raises `UploadRefused`.

    `extension` selects among plain texts, and audio or video for an MP4 file without readable tracks.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head:
        raise UploadRefused("empty")
    kind = _binary_type(head)
    if kind is None:
        kind = office.office_type(file) if head.startswith(b"PK\x03\x04") else _text_type(file, head, extension.lower())
    elif kind.media_type == "video/mp4" and isomedia.is_audio(file, head, extension):
        kind = TYPES["audio/mp4"]
    file.seek(0)
    if kind is None:
        raise UploadRefused("type_refused")
    return kind


def type_of(stored: str) -> FileType | None:
    """The type for an item's media type (`FileType.stored`); None without a file, or for an unknown type."""
    media_type, _semicolon, charset = stored.partition("; charset=")
    kind = TYPES.get(media_type)
    return replace(kind, charset=charset) if kind and charset else kind


def _binary_type(head: bytes) -> FileType | None:
    pdf = _from_pdf_signature(head)
    if pdf:
        # PDF readers skip what precedes the signature: a byte order mark, an empty line or headers.
        head = pdf
    guesses = _guesses(head)
    for kind, has_signature in _BINARY:
        is_sure = kind.media_type in _KNOWN_WITHOUT_PUREMAGIC or isomedia.brands(head)
        if has_signature(head) and (is_sure or f".{kind.extension}" in guesses):
            return kind
    return None


def _from_pdf_signature(head: bytes) -> bytes:
    """The head of a PDF from its signature on, if only skippable content precedes it; else empty."""
    pdf = head[:PDF_SEARCH_BYTES].removeprefix(codecs.BOM_UTF8).lstrip()
    if pdf.startswith(b"%PDF-"):
        return pdf
    before = _BEFORE_PDF.match(head, 0, PDF_SEARCH_BYTES)
    at = before.end() if before else 0
    return head[at:] if at and _PDF_START.match(head, at, at + 4 * PDF_SEARCH_BYTES) else b""


def _guesses(head: bytes) -> set[str]:
    try:
        return {match.extension for match in puremagic.magic_string(head)}
    except Exception:
        # A hostile file may cause any error in a parser; its type is unknown then.
        return set()


def _text_type(file: IO[bytes], head: bytes, extension: str) -> FileType | None:
    """The type of a text in UTF-8, Windows-1252 or UTF-16; None for other content."""
    kind = _TEXTS.get(extension, _TEXTS["txt"])
    if utf16 := _utf16_charset(head):
        return _utf16_type(file, utf16, extension, kind)
    opening = head.removeprefix(codecs.BOM_UTF8)
    if _is_active(opening, extension):
        active = _active_type(opening, extension)
        if active is None:
            return None
        kind = active
    remaining, is_utf8, decoder = _text_length(file), True, codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    while remaining > 0 and (block := file.read(min(remaining, 1024 * 1024))):
        if _CONTROLS.search(block):
            return None
        is_utf8 = is_utf8 and _decodes(decoder, block)
        remaining -= len(block)
    return kind if is_utf8 and _decodes(decoder, b"", final=True) else replace(kind, charset="windows-1252")


def _text_length(file: IO[bytes]) -> int:
    """The length in bytes of a text without the DOS end characters; of the file if it has no others."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _DOS_BLOCK))
    tail = file.read(_DOS_BLOCK)
    words = tail.rstrip(_DOS_END)
    return size - len(tail) + len(words) if words else size


def _utf16_charset(head: bytes) -> str:
    """The UTF-16 charset according to the byte order mark, or if letters and zeros alternate; else blank."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first, second = head[:4096:2], head[1:4096:2]
    for charset, high, low in (("utf-16le", second, first), ("utf-16be", first, second)):
        # Most letters of European languages have a zero high byte; a text has no zero low bytes.
        if 2 * high.count(0) > len(head[:4096]) // 2 and not low.count(0):
            return charset
    return ""


def _utf16_type(file: IO[bytes], charset: str, extension: str, kind: FileType) -> FileType | None:
    """The type of a text that is valid UTF-16 throughout, if the same text in UTF-8 would be accepted.

    `kind` is its type unless it is active content, which needs a byte order mark: its other readers have no charset.
    """
    file.seek(0)
    decoder, is_first = codecs.getincrementaldecoder(charset)(), True
    while True:
        block = file.read(1024 * 1024)
        try:
            text = decoder.decode(block, final=not block).encode()
        except UnicodeError:
            return None
        if _CONTROLS.search(text):
            return None
        if is_first and _is_active(text[:HEAD_BYTES], extension):
            active = _active_type(text[:HEAD_BYTES], extension) if charset == "utf-16" else None
            if active is None:
                return None
            kind = active
        if not block:
            return replace(kind, charset=charset)
        is_first = False


def _active_type(opening: bytes, extension: str) -> FileType | None:
    """The type of active content; None if the extension and the beginning do not match."""
    active = _ACTIVE.get(extension)
    return active if active and _BEGINNINGS[active].match(opening) else None


def _is_active(opening: bytes, extension: str) -> bool:
    """True for a text whose beginning a browser or an operating system might execute.

    Markdown may begin with a tag or a comment, as most README files do; it is only downloaded. A transcript may begin
    with a speaker in angle brackets if no markup follows.
    """
    if extension in _MARKDOWN_EXTENSIONS:
        opening = _COMMENTS.sub(b"", opening)
        if _MARKDOWN_OPENINGS.match(opening):
            return False
    if _SPEAKER.match(opening) and not _MARKUP.search(opening):
        return False
    return _ACTIVE_OPENINGS.match(opening) is not None


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True
