"""What a file really is, from its bytes alone. Its name and what the browser says of it are never asked.

puremagic knows the signatures; because it also guesses, a type counts only when its own mark stands where it must.
What is on neither list below is refused: pages, drawings and programs that a browser or a system could run.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import replace
from typing import IO, Final

import puremagic

from library import archives
from library.types import FileType, UploadRefused

HEAD_BYTES: Final = 64 * 1024

_MP4_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash")


def _starts(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


def _brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[4:8] == b"ftyp" and head[8:12] in brands


def _doctype(name: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(b"\x1a\x45\xdf\xa3") and name in head[:64]


def _mpeg_audio(head: bytes) -> bool:
    """ID3 tag, or the first frame of a layer III stream with a possible bit rate and sampling rate."""
    if head.startswith(b"ID3"):
        return True
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[2] >> 4 not in (0, 15) and (head[2] >> 2) & 3 != 3


_BINARY: Final[tuple[tuple[FileType, Callable[[bytes], bool]], ...]] = (
    (FileType("image/png", "png", "image", inline=True), _starts(b"\x89PNG\r\n\x1a\n")),
    (FileType("image/jpeg", "jpg", "image", inline=True), _starts(b"\xff\xd8\xff")),
    (FileType("image/gif", "gif", "image", inline=True), _starts(b"GIF87a", b"GIF89a")),
    (FileType("image/webp", "webp", "image", inline=True), _riff(b"WEBP")),
    (FileType("image/avif", "avif", "image", inline=True), _brand(b"avif", b"avis")),
    (FileType("video/mp4", "mp4", "video", inline=True), _brand(*_MP4_BRANDS)),
    (FileType("video/quicktime", "mov", "video", inline=True), _brand(b"qt  ")),
    (FileType("video/webm", "webm", "video", inline=True), _doctype(b"webm")),
    (FileType("audio/mp4", "m4a", "audio", inline=True), _brand(b"M4A ")),
    (FileType("audio/wav", "wav", "audio", inline=True), _riff(b"WAVE")),
    (FileType("audio/ogg", "ogg", "audio", inline=True), _starts(b"OggS\x00")),
    (FileType("audio/flac", "flac", "audio", inline=True), _starts(b"fLaC")),
    (FileType("audio/mpeg", "mp3", "audio", inline=True), _mpeg_audio),
    (FileType("application/pdf", "pdf", "document", inline=True), _starts(b"%PDF-")),
)
# puremagic misses these although they are sound: MPEG frames without a tag carry no signature worth the name.
_KNOWN_WITHOUT_PUREMAGIC: Final = frozenset({"audio/mpeg"})

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_OFFICE_PARTS: Final = {
    "word/document.xml": FileType(_OFFICE + "wordprocessingml.document", "docx", "document"),
    "xl/workbook.xml": FileType(_OFFICE + "spreadsheetml.sheet", "xlsx", "document"),
    "ppt/presentation.xml": FileType(_OFFICE + "presentationml.presentation", "pptx", "document"),
}
_OPEN_TYPES: Final = {
    kind.media_type.encode(): kind
    for kind in (
        FileType(_OPEN + "text", "odt", "document"),
        FileType(_OPEN + "spreadsheet", "ods", "document"),
        FileType(_OPEN + "presentation", "odp", "document"),
    )
}
# Never shown in a page, only downloaded: the ending may choose among them.
_TEXTS: Final = {
    "md": FileType("text/markdown", "md", "document"),
    "csv": FileType("text/csv", "csv", "document"),
    "txt": FileType("text/plain", "txt", "document"),
}
TYPES: Final = {
    kind.media_type: kind
    for kind in (*(entry[0] for entry in _BINARY), *_OFFICE_PARTS.values(), *_OPEN_TYPES.values(), *_TEXTS.values())
}

_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
# Readers of PDF look for its mark in the first 1,024 bytes.
PDF_LATEST: Final = 1024
# What opens a page, a drawing, a script, or a rich text that carries objects.
_ACTIVE_OPENINGS = re.compile(rb"\s*(<[!?/a-z]|#!|\{\\rtf|%!ps)", re.IGNORECASE)
_COMMENTS = re.compile(rb"\A(?:\s*<!--(?:(?!-->).){0,4000}-->)+", re.DOTALL)
_MARKDOWN_OPENINGS = re.compile(
    rb"\s*<(?:(?:a|b|blockquote|br|center|code|details|div|em|h[1-6]|hr|i|img|kbd|li|ol|p|picture|pre|span|strong"
    rb"|sub|summary|sup|table|ul)[\s/>]|https?:|mailto:)",
    re.IGNORECASE,
)


def sniff(file: IO[bytes], extension: str = "") -> FileType:
    """The type of a file. `extension` chooses among plain texts only. Raises `UploadRefused`."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head:
        raise UploadRefused("empty")
    found = _binary(head) or (_office(file) if head.startswith(b"PK\x03\x04") else _text(file, head, extension))
    file.seek(0)
    if found is None:
        raise UploadRefused("type_refused")
    return found


def type_of(stored: str) -> FileType | None:
    """The type that an item keeps (`FileType.stored`); None where it has no file, or one of a type no longer kept."""
    media_type, _semicolon, charset = stored.partition("; charset=")
    kind = TYPES.get(media_type)
    return replace(kind, charset=charset) if kind and charset else kind


def _binary(head: bytes) -> FileType | None:
    pdf = head[:PDF_LATEST].removeprefix(codecs.BOM_UTF8).lstrip()
    if pdf.startswith(b"%PDF-"):
        # What programs wrote before it, a byte order mark or an empty line, every reader of PDF skips.
        head = pdf
    guesses = _guesses(head)
    for kind, is_marked in _BINARY:
        if is_marked(head) and (f".{kind.extension}" in guesses or kind.media_type in _KNOWN_WITHOUT_PUREMAGIC):
            return kind
    return None


def _guesses(head: bytes) -> set[str]:
    try:
        return {match.extension for match in puremagic.magic_string(head)}
    except Exception:
        # A hostile file may break a parser in any way: then it is unknown.
        return set()


def _office(file: IO[bytes]) -> FileType | None:
    """An office document without macros, by the parts its table of contents names; nothing is unpacked but a label."""
    try:
        with archives.opened(file) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                return None
            if parts and parts[0].filename == "mimetype" and parts[0].file_size < 100:
                return _OPEN_TYPES.get(archive.read(parts[0]).strip())
    except Exception:
        # As above.
        return None
    if "[Content_Types].xml" not in names:
        return None
    return next((kind for part, kind in _OFFICE_PARTS.items() if part in names), None)


def _text(file: IO[bytes], head: bytes, extension: str) -> FileType | None:
    """Words and nothing else: UTF-8, what Windows wrote before it, or UTF-16 that says so by its first two bytes."""
    kind = _TEXTS.get(extension.lower(), _TEXTS["txt"])
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return replace(kind, charset="utf-16") if _is_wide_text(file, extension) else None
    if _is_active(head.removeprefix(codecs.BOM_UTF8), extension):
        return None
    block, is_utf8, decoder = head, True, codecs.getincrementaldecoder("utf-8")()
    while block:
        if _CONTROLS.search(block):
            return None
        is_utf8 = is_utf8 and _decodes(decoder, block)
        block = file.read(1024 * 1024)
    return kind if is_utf8 and _decodes(decoder, b"", final=True) else replace(kind, charset="windows-1252")


def _is_wide_text(file: IO[bytes], extension: str) -> bool:
    """True for UTF-16 all through, of words only: what the same text in UTF-8 would be judged by."""
    file.seek(0)
    decoder, is_first = codecs.getincrementaldecoder("utf-16")(), True
    while True:
        block = file.read(1024 * 1024)
        try:
            text = decoder.decode(block, final=not block).encode()
        except UnicodeError:
            return False
        if _CONTROLS.search(text) or (is_first and _is_active(text[:HEAD_BYTES], extension)):
            return False
        if not block:
            return True
        is_first = False


def _is_active(opening: bytes, extension: str) -> bool:
    """True for a text whose beginning a browser or a system may take for something to run.

    Markdown may begin with a tag or a comment, as most files that present a project do; it is only downloaded.
    """
    if extension.lower() == "md":
        opening = _COMMENTS.sub(b"", opening)
        if _MARKDOWN_OPENINGS.match(opening):
            return False
    return _ACTIVE_OPENINGS.match(opening) is not None


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True
