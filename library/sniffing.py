"""What a file really is, from its bytes alone. Its name and what the browser says of it are never asked.

puremagic knows the signatures; because it also guesses, a type counts only when its own mark stands where it must.
What is on none of the lists below is refused, programs among them. Pages, drawings and XML, which a browser could
run, are taken under their own names alone; they are shown from a content host (library/contents.py), or downloaded.
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


def _starts(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


def _riff(form: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[:4] == b"RIFF" and head[8:12] == form


def _brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda head: isomedia.brands(head)[:1] in {(brand,) for brand in brands}


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
    (FileType("image/avif", "avif", "image", inline=True), isomedia.is_avif),
    (FileType("video/mp4", "mp4", "video", inline=True), isomedia.is_mp4),
    (FileType("video/quicktime", "mov", "video", inline=True), _brand(b"qt  ")),
    (FileType("video/webm", "webm", "video", inline=True), _doctype(b"webm")),
    (FileType("audio/mp4", "m4a", "audio", inline=True), _brand(b"M4A ", b"M4B ")),
    (FileType("audio/wav", "wav", "audio", inline=True), _riff(b"WAVE")),
    (FileType("audio/ogg", "ogg", "audio", inline=True), _starts(b"OggS\x00")),
    (FileType("audio/flac", "flac", "audio", inline=True), _starts(b"fLaC")),
    (FileType("audio/mpeg", "mp3", "audio", inline=True), _mpeg_audio),
    (FileType("application/pdf", "pdf", "document", inline=True), _starts(b"%PDF-")),
)
# puremagic misses these although they are sound: MPEG frames without a tag carry no signature worth the name.
_KNOWN_WITHOUT_PUREMAGIC: Final = frozenset({"audio/mpeg"})

# Never shown in a page, only downloaded: the ending may choose among them.
_MARKDOWN: Final = FileType("text/markdown", "md", "document")
_TEXTS: Final = {
    "md": _MARKDOWN,
    "markdown": _MARKDOWN,
    "csv": FileType("text/csv", "csv", "document"),
    "txt": FileType("text/plain", "txt", "document"),
}
_MARKDOWN_ENDINGS: Final = ("md", "markdown")
# What a browser could run: by the ending and by how it begins, both.
_HTML: Final = FileType("text/html", "html", "document")
_SVG: Final = FileType("image/svg+xml", "svg", "document")
_XML: Final = FileType("application/xml", "xml", "document")
_ACTIVE: Final = {"html": _HTML, "htm": _HTML, "svg": _SVG, "xml": _XML}
TYPES: Final = {
    kind.media_type: kind
    for kind in (*(entry[0] for entry in _BINARY), *office.TYPES, *_TEXTS.values(), *_ACTIVE.values())
}

_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
# Readers of PDF look for its mark in the first 1,024 bytes.
PDF_LATEST: Final = 1024
# What printers and web servers write before it: lines of their own, and nothing of a page.
_BEFORE_PDF = re.compile(
    rb"(?:(?:\x1b%-12345X|@PJL[^<\r\n]*|HTTP/\d[^<\r\n]*|[a-z][a-z-]*:[^<\r\n]*)?[ \t]*(?:\r\n?|\n)|\x1b%-12345X)*",
    re.IGNORECASE,
)
# Its first object follows its mark at once: words about PDF have none.
_PDF_BEGINS = re.compile(rb"%PDF-\d\.\d[^\r\n]{0,200}[\r\n]++(?:%[^\r\n]{0,400}[\r\n]++)*+\s*+\d+ \d+ obj")
# What opens a page, a drawing, a script, or a rich text that carries objects.
_ACTIVE_OPENINGS = re.compile(rb"\s*(<[!?/a-z]|#!|\{\\rtf|%!ps)", re.IGNORECASE)
# Possessive all through: blanks that several parts could share are tried once, not by each part in turn.
_PROLOG = rb"\s*+(?:<\?xml[^<>]{0,200}\?>)?+(?:\s*+<!--(?:(?!-->).){0,4000}+-->)*+\s*+"
_BEGINNINGS: Final = {
    _HTML: re.compile(_PROLOG + rb"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE | re.DOTALL),
    _SVG: re.compile(
        _PROLOG + rb"(?:<!doctype\s+svg[^\[<>]{0,400}(?:\[[^\]]{0,4000}+\]\s*+)?>)?+" + _PROLOG + rb"<svg[\s>]",
        re.IGNORECASE | re.DOTALL,
    ),
    _XML: re.compile(rb"\s*<\?xml\s"),
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
# Who speaks, in a conversation or a mail's thread: a name that is no tag, or an address; then words.
_SPEAKER = re.compile(
    rb"\s*<(?:[\w.+%-]{1,64}@[\w.-]{1,190}>:?\s|(?!"
    + _TAGS
    + rb'[\s>])[a-z][^<>=/"&;:\x00-\x1f]{0,60}>:?[ \t]+[^\s<])',
    re.IGNORECASE,
)
_MARKUP = re.compile(rb"<(?:[!?/]|" + _TAGS + rb"[\s/>])", re.IGNORECASE)
# DOS ended texts with this sign, once or up to the end of a block.
_DOS_END: Final = b"\x1a"
_DOS_BLOCK: Final = 128


def sniff(file: IO[bytes], extension: str = "") -> FileType:
    """The type of a file. Raises `UploadRefused`.

    `extension` chooses among plain texts, and tells sound from film where a film's tracks are not found.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if not head:
        raise UploadRefused("empty")
    found = _binary(head)
    if found is None:
        found = office.kind_of(file) if head.startswith(b"PK\x03\x04") else _text(file, head, extension.lower())
    elif found.media_type == "video/mp4" and isomedia.is_sound(file, head, extension):
        found = TYPES["audio/mp4"]
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
    pdf = _pdf_of(head)
    if pdf:
        # What programs wrote before it, a byte order mark, an empty line or headers, every reader of PDF skips.
        head = pdf
    guesses = _guesses(head)
    for kind, is_marked in _BINARY:
        is_sure = kind.media_type in _KNOWN_WITHOUT_PUREMAGIC or isomedia.brands(head)
        if is_marked(head) and (is_sure or f".{kind.extension}" in guesses):
            return kind
    return None


def _pdf_of(head: bytes) -> bytes:
    """A PDF from its mark on, where one begins early enough behind what readers skip; else nothing."""
    pdf = head[:PDF_LATEST].removeprefix(codecs.BOM_UTF8).lstrip()
    if pdf.startswith(b"%PDF-"):
        return pdf
    before = _BEFORE_PDF.match(head, 0, PDF_LATEST)
    at = before.end() if before else 0
    return head[at:] if at and _PDF_BEGINS.match(head, at, at + 4 * PDF_LATEST) else b""


def _guesses(head: bytes) -> set[str]:
    try:
        return {match.extension for match in puremagic.magic_string(head)}
    except Exception:
        # A hostile file may break a parser in any way: then it is unknown.
        return set()


def _text(file: IO[bytes], head: bytes, extension: str) -> FileType | None:
    """Words and nothing else: UTF-8, what Windows wrote before it, or UTF-16."""
    kind = _TEXTS.get(extension, _TEXTS["txt"])
    if wide := _wide_charset(head):
        return replace(kind, charset=wide) if _is_wide_text(file, wide, extension) else None
    opening = head.removeprefix(codecs.BOM_UTF8)
    if _is_active(opening, extension):
        active = _ACTIVE.get(extension)
        if active is None or not _BEGINNINGS[active].match(opening):
            return None
        kind = active
    left, is_utf8, decoder = _length_of_words(file), True, codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    while left > 0 and (block := file.read(min(left, 1024 * 1024))):
        if _CONTROLS.search(block):
            return None
        is_utf8 = is_utf8 and _decodes(decoder, block)
        left -= len(block)
    return kind if is_utf8 and _decodes(decoder, b"", final=True) else replace(kind, charset="windows-1252")


def _length_of_words(file: IO[bytes]) -> int:
    """The bytes of a text without the sign by which DOS ended it; a file of such signs alone is no text."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _DOS_BLOCK))
    last = file.read(_DOS_BLOCK)
    words = last.rstrip(_DOS_END)
    return size - len(last) + len(words) if words else size


def _wide_charset(head: bytes) -> str:
    """UTF-16 where the first two bytes say so, or where letters and zeros stand in turn; blank where neither."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first, second = head[:4096:2], head[1:4096:2]
    for charset, high, low in (("utf-16le", second, first), ("utf-16be", first, second)):
        # Most letters of Europe's languages have a zero beside them; words alone have none for themselves.
        if 2 * high.count(0) > len(head[:4096]) // 2 and not low.count(0):
            return charset
    return ""


def _is_wide_text(file: IO[bytes], charset: str, extension: str) -> bool:
    """True for UTF-16 all through, of words only: what the same text in UTF-8 would be judged by."""
    file.seek(0)
    decoder, is_first = codecs.getincrementaldecoder(charset)(), True
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
    A conversation may begin with who speaks, where no tag follows.
    """
    if extension in _MARKDOWN_ENDINGS:
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
