"""Detection of office documents by the part names and content types of their zip.

Only the content types and relationships are unpacked, up to a size limit. They are searched as text, without an XML
parser, and refused if they declare entities.
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
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_WORD = FileType(_OFFICE + "wordprocessingml.document", "docx", "document")
_SHEET = FileType(_OFFICE + "spreadsheetml.sheet", "xlsx", "document")
_SLIDES = FileType(_OFFICE + "presentationml.presentation", "pptx", "document")
_PARTS: Final = {"word/document.xml": _WORD, "xl/workbook.xml": _SHEET, "ppt/presentation.xml": _SLIDES}
# File types by content type of the main part, whatever its name: documents, templates, slide shows.
_TYPES_BY_CONTENT_TYPE: Final = {
    f"{_OFFICE}{content_type}.main+xml".casefold(): kind
    for kind, content_types in (
        (_WORD, ("wordprocessingml.document", "wordprocessingml.template")),
        (_SHEET, ("spreadsheetml.sheet", "spreadsheetml.template")),
        (_SLIDES, ("presentationml.presentation", "presentationml.template", "presentationml.slideshow")),
    )
    for content_type in content_types
}
_OPEN_TYPES: Final = {
    kind.media_type.encode(): kind
    for kind in (
        FileType(_OPEN_DOCUMENT + "text", "odt", "document"),
        FileType(_OPEN_DOCUMENT + "spreadsheet", "ods", "document"),
        FileType(_OPEN_DOCUMENT + "presentation", "odp", "document"),
    )
}
TYPES: Final = (*_PARTS.values(), *_OPEN_TYPES.values())

# Bytes of the content types of 10,000 parts.
MAX_CONTENT_TYPES_SIZE: Final = 2_000_000
_MACROS = re.compile(r"vbaproject|macroenabled\.main\+xml", re.IGNORECASE)
_ENTITY_DECLARATION = re.compile(r"<!(?:doctype|entity)", re.IGNORECASE)
_TAG = re.compile(r"<(?:\w+:)?(Relationship|Override|Default)\s([^<>]{0,4000})>")
_ATTRIBUTE = re.compile(r"(?<!\w)(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def office_type(file: IO[bytes]) -> FileType | None:
    """The type of an office document without macros; None for any other zip."""
    try:
        with archives.open_archive(file) as archive:
            return _detect_type(archive)
    except Exception:
        # A hostile file may cause any error in a parser; its type is unknown then.
        return None


def _detect_type(archive: ZipFile) -> FileType | None:
    parts = archive.infolist()
    parts_by_name = {_normalized(part.filename): part for part in parts}
    if any(name.endswith("vbaproject.bin") for name in parts_by_name):
        return None
    if parts and parts[0].filename == "mimetype" and parts[0].file_size < 100:
        return _OPEN_TYPES.get(archive.read(parts[0]).strip())
    content_types = _read_text(archive, parts_by_name.get("[content_types].xml"))
    if content_types is None or _MACROS.search(html.unescape(content_types)):
        return None
    kind_found = next((kind for part, kind in _PARTS.items() if part in parts_by_name), None)
    return kind_found or _type_by_content_type(
        content_types, _main_part(_read_text(archive, parts_by_name.get("_rels/.rels")) or ""), parts_by_name
    )


def _normalized(name: str) -> str:
    """Normalise a part name for comparison: some programs write backslashes, and case is insignificant."""
    return name.replace("\\", "/").lower()


def _read_text(archive: ZipFile, part: ZipInfo | None) -> str | None:
    if part is None or part.file_size > MAX_CONTENT_TYPES_SIZE:
        return None
    raw = archive.read(part)
    is_utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = raw.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace")
    return None if "\x00" in text or _ENTITY_DECLARATION.search(text) else text


def _tags(text: str, name: str) -> list[dict[str, str]]:
    return [
        {key: html.unescape(first or second) for key, first, second in _ATTRIBUTE.findall(attributes)}
        for tag, attributes in _TAG.findall(text)
        if tag == name
    ]


def _main_part(relations: str) -> str:
    """The name of the main part according to the package's relationships; blank if there is none."""
    for tag in _tags(relations, "Relationship"):
        if tag.get("Type", "").endswith("/officeDocument") and tag.get("TargetMode") != "External":
            return posixpath.normpath(_normalized(unquote(tag.get("Target", "")))).lstrip("/")
    return ""


def _type_by_content_type(content_types: str, main: str, parts_by_name: dict[str, ZipInfo]) -> FileType | None:
    if main not in parts_by_name:
        return None
    for tag in _tags(content_types, "Override"):
        if _normalized(unquote(tag.get("PartName", ""))).lstrip("/") == main:
            return _TYPES_BY_CONTENT_TYPE.get(tag.get("ContentType", "").casefold())
    for tag in _tags(content_types, "Default"):
        if tag.get("Extension", "").lower() == main.rpartition(".")[2]:
            return _TYPES_BY_CONTENT_TYPE.get(tag.get("ContentType", "").casefold())
    return None
