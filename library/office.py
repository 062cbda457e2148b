"""Office documents: zips whose table of contents and labels say what they are. Only labels are unpacked, within bounds.

No XML parser runs here: labels are looked through as text, and one that declares entities is refused.
"""

import codecs
import html
import posixpath
import re
from typing import IO, Final
from urllib.parse import unquote
from zipfile import ZipFile, ZipInfo

from library import archives
from library.types import FileType

_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_WORD = FileType(_OFFICE + "wordprocessingml.document", "docx", "document")
_SHEET = FileType(_OFFICE + "spreadsheetml.sheet", "xlsx", "document")
_SLIDES = FileType(_OFFICE + "presentationml.presentation", "pptx", "document")
_PARTS: Final = {"word/document.xml": _WORD, "xl/workbook.xml": _SHEET, "ppt/presentation.xml": _SLIDES}
# The main part as it is labelled, whatever its name: documents, their templates, shows.
_LABELS: Final = {
    f"{_OFFICE}{label}.main+xml".casefold(): kind
    for kind, labels in (
        (_WORD, ("wordprocessingml.document", "wordprocessingml.template")),
        (_SHEET, ("spreadsheetml.sheet", "spreadsheetml.template")),
        (_SLIDES, ("presentationml.presentation", "presentationml.template", "presentationml.slideshow")),
    )
    for label in labels
}
_OPEN_TYPES: Final = {
    kind.media_type.encode(): kind
    for kind in (
        FileType(_OPEN + "text", "odt", "document"),
        FileType(_OPEN + "spreadsheet", "ods", "document"),
        FileType(_OPEN + "presentation", "odp", "document"),
    )
}
TYPES: Final = (*_PARTS.values(), *_OPEN_TYPES.values())

# The labels of 10,000 parts.
MAX_LABELS: Final = 2_000_000
_MACROS = re.compile(r"vbaproject|macroenabled\.main\+xml", re.IGNORECASE)
_DECLARES = re.compile(r"<!(?:doctype|entity)", re.IGNORECASE)
_TAG = re.compile(r"<(?:\w+:)?(Relationship|Override|Default)\s([^<>]{0,4000})>")
_ATTRIBUTE = re.compile(r"(?<!\w)(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def kind_of(file: IO[bytes]) -> FileType | None:
    """The type of an office document without macros; None for any other zip."""
    try:
        with archives.opened(file) as archive:
            return _kind(archive)
    except Exception:
        # A hostile file may break a parser in any way: then it is unknown.
        return None


def _kind(archive: ZipFile) -> FileType | None:
    parts = archive.infolist()
    named = {_plain(part.filename): part for part in parts}
    if any(name.endswith("vbaproject.bin") for name in named):
        return None
    if parts and parts[0].filename == "mimetype" and parts[0].file_size < 100:
        return _OPEN_TYPES.get(archive.read(parts[0]).strip())
    labels = _label(archive, named.get("[content_types].xml"))
    if labels is None or _MACROS.search(html.unescape(labels)):
        return None
    found = next((kind for part, kind in _PARTS.items() if part in named), None)
    return found or _by_label(labels, _main_part(_label(archive, named.get("_rels/.rels")) or ""), named)


def _plain(name: str) -> str:
    """A part's name as it is compared: some programs write backslashes, and case does not count."""
    return name.replace("\\", "/").lower()


def _label(archive: ZipFile, part: ZipInfo | None) -> str | None:
    if part is None or part.file_size > MAX_LABELS:
        return None
    raw = archive.read(part)
    is_wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = raw.decode("utf-16" if is_wide else "utf-8-sig", errors="replace")
    return None if "\x00" in text or _DECLARES.search(text) else text


def _tags(text: str, name: str) -> list[dict[str, str]]:
    return [
        {key: html.unescape(first or second) for key, first, second in _ATTRIBUTE.findall(attributes)}
        for tag, attributes in _TAG.findall(text)
        if tag == name
    ]


def _main_part(relations: str) -> str:
    """The part that the document begins with, as the package says; blank where it says none."""
    for tag in _tags(relations, "Relationship"):
        if tag.get("Type", "").endswith("/officeDocument") and tag.get("TargetMode") != "External":
            return posixpath.normpath(_plain(unquote(tag.get("Target", "")))).lstrip("/")
    return ""


def _by_label(labels: str, main: str, named: dict[str, ZipInfo]) -> FileType | None:
    if main not in named:
        return None
    for tag in _tags(labels, "Override"):
        if _plain(unquote(tag.get("PartName", ""))).lstrip("/") == main:
            return _LABELS.get(tag.get("ContentType", "").casefold())
    for tag in _tags(labels, "Default"):
        if tag.get("Extension", "").lower() == main.rpartition(".")[2]:
            return _LABELS.get(tag.get("ContentType", "").casefold())
    return None
