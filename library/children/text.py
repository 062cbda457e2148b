"""In a bounded child (tenants/sandbox.py): the words of a document, as one JSON list of parts. Imports nothing of ours.

Called with the ending of the file's type and the most characters to give; the file is standard input.
"""

import datetime as dt
import html
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from typing import IO
from xml.etree.ElementTree import XMLParser

PART = 100_000
# Elements that end a paragraph, a cell or a line, and those that hold a tab or a break, without their namespaces.
_ENDS = {"p", "h", "br", "cr", "line-break", "tr"}
_TABS = {"tab", "ptab", "tc", "table-cell", "s"}
# What was deleted under change tracking (OpenDocument), where something was moved from, and what stands a second time
# for older readers (Word).
_UNREAD = {"tracked-changes", "moveFrom", "Fallback"}
# Word writes this hyphen as an element; a soft one is nothing, as in a search.
_HYPHENS = {"noBreakHyphen"}
# More digits than a double holds: as Python writes it.
_LARGEST = 1e21
# Elements whose text is no page's, up to their end, and those that stand inside a line.
_RAW = {name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE) for name in ("script", "style")}
_INSIDE_A_LINE = set(
    "a abbr b bdi bdo cite code em font i kbd mark q s samp small span strong sub sup tspan u var".split()
)
_OPENS = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)")
# A sign in a value with quotes does not end its tag.
_TAG = re.compile(r"<(?:=\s*+(?:\"[^\"]*+\"|'[^']*+')|[^>])*+>")
_BROKEN_TAG = re.compile(r"<[^>]*+>")
_MAIN = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]{0,2000}/officeDocument[\"'][^<>]{0,2000}>")
_TARGET = re.compile(rb"\sTarget\s*=\s*[\"']/?([^\"']+)")


def pdf(file: io.BufferedReader) -> Iterator[str]:
    from pypdf import PdfReader

    reader = PdfReader(file)
    if reader.is_encrypted and not reader.decrypt(""):
        return
    for page in reader.pages:
        try:
            yield page.extract_text()
        except MemoryError:
            raise
        except Exception:
            # One broken page: the others are still read.
            yield ""
        yield "\n\n"


def sheets(file: io.BufferedReader) -> Iterator[str]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(_usual_book(file))
    for name in book.sheet_names:
        yield f"{name}\n"
        for row in book.get_sheet_by_name(name).iter_rows():
            cells = [_shown(cell) for cell in row if cell not in ("", None)]
            if cells:
                yield "\t".join(cells) + "\n"


def _shown(cell: object) -> str:
    """A cell as people see and type it: whole numbers without a point, others with a comma, also to the cent."""
    if isinstance(cell, bool):
        return "VRAI / TRUE" if cell else "FAUX / FALSE"
    if isinstance(cell, float) and abs(cell) < _LARGEST:
        if cell.is_integer():
            return str(int(cell))
        # The comma and the point are the same to a search, which takes both for the end of a word.
        written, cents = repr(cell).replace(".", ","), f"{cell:.2f}".replace(".", ",")
        return written if written == cents else f"{written} {cents}"
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return str(cell.date())
    return str(cell)


def _usual_book(file: io.BufferedReader) -> IO[bytes]:
    """The workbook with its main part under the name that its reader knows; parts are copied only where it is not."""
    held = io.BytesIO(file.read())
    with zipfile.ZipFile(held) as archive:
        main, names = _main_part(archive), {_plain(name) for name in archive.namelist()}
        if "xl/workbook.xml" in names or main not in names:
            held.seek(0)
            return held
        folder, _slash, last = main.rpartition("/")
        usual = {main: "xl/workbook.xml", f"{folder}/_rels/{last}.rels": "xl/_rels/workbook.xml.rels"}
        renamed = io.BytesIO()
        with zipfile.ZipFile(renamed, "w") as copy:
            for part in archive.infolist():
                name = _plain(part.filename)
                copy.writestr(usual.get(name, name), archive.read(part))
    renamed.seek(0)
    return renamed


def _main_part(archive: zipfile.ZipFile) -> str:
    """The part a document begins with, as its package says: most often the usual one."""
    names = {_plain(name): name for name in archive.namelist()}
    relations = archive.read(names["_rels/.rels"]) if "_rels/.rels" in names else b""
    tag = _MAIN.search(relations)
    target = _TARGET.search(tag.group()) if tag else None
    return _plain(target.group(1).decode("utf-8", "replace")) if target else ""


def _plain(name: str) -> str:
    return name.replace("\\", "/")


class _Text:
    """What the XML parser calls: keeps the text of `t` elements, or of all of them (OpenDocument).

    Not what is in `_UNREAD`: nobody sees it in the document.
    """

    def __init__(self, *, all_text: bool) -> None:
        self._all_text, self._depth, self._unread = all_text, 0, 0
        self.pieces: list[str] = []

    def start(self, tag: str, _attributes: object) -> None:
        name = _name(tag)
        self._depth += name == "t"
        self._unread += name in _UNREAD

    def data(self, text: str) -> None:
        if (self._all_text or self._depth) and not self._unread:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        name = _name(tag)
        self._depth -= name == "t"
        self._unread -= name in _UNREAD
        if self._unread:
            return
        if name in _HYPHENS:
            self.pieces.append("-")
        elif name in _ENDS:
            self.pieces.append("\n")
        elif name in _TABS:
            self.pieces.append("\t")

    def close(self) -> None:
        """The parser's end."""


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _xml(stream: IO[bytes], *, all_text: bool) -> Iterator[str]:
    target = _Text(all_text=all_text)
    # No entity is fetched, expat limits their expansion, and the process is bounded.
    parser = XMLParser(target=target)  # noqa: S314
    while block := stream.read(64 * 1024):
        parser.feed(block)
        yield "".join(target.pieces)
        target.pieces.clear()
    parser.close()
    yield "".join(target.pieces)


def _office(prefixes: tuple[str, ...], *, all_text: bool = False) -> object:
    def read(file: io.BufferedReader) -> Iterator[str]:
        with zipfile.ZipFile(file) as archive:
            parts = {_plain(name): name for name in archive.namelist()}
            names = {name for name in parts if name.lower().startswith(prefixes) and name.lower().endswith(".xml")}
            names |= {_main_part(archive)} & set(parts)
            for name in sorted(names, key=lambda name: (len(name), name)):
                with archive.open(parts[name]) as stream:
                    yield from _xml(stream, all_text=all_text)
                yield "\n\n"

    return read


class _Page:
    """The words of a page or a drawing, as people see them: neither its scripts nor its styles.

    Each character is met a fixed number of times: `html.parser` takes minutes for some pages of a few hundred
    kilobytes. What is not closed ends the page, as in a browser.
    """

    def __init__(self, text: str) -> None:
        self._text, self._tag, self._unseen = text, _TAG, 0

    def pieces(self) -> Iterator[str]:
        text, at = self._text, 0
        while 0 <= at < len(text):
            start = text.find("<", at)
            words = text[at:start] if start >= 0 else text[at:]
            if words and not self._unseen:
                yield html.unescape(words)
            if start < 0:
                return
            tag = _OPENS.match(text, start)
            if tag:
                at = self._after_tag(start, tag[2].lower(), is_end=bool(tag[1]))
                if tag[2].lower() not in _INSIDE_A_LINE:
                    yield "\n"
            elif text[start + 1 : start + 2] in ("!", "?", "/"):
                at = self._after_remark(start)
            else:
                at = start + 1
                if not self._unseen:
                    yield "<"

    def _after_tag(self, start: int, name: str, *, is_end: bool) -> int:
        """Where a tag ends, with its script or style; -1: nowhere."""
        tag = self._tag.match(self._text, start)
        if tag is None and self._tag is _TAG:
            # No tag from here on ends outside a value: they end at the first sign, so that each is looked at once.
            self._tag = _BROKEN_TAG
            tag = self._tag.match(self._text, start)
        if tag is None:
            return -1
        if not tag.group().endswith("/>"):
            if name in _RAW and not is_end:
                end = _RAW[name].search(self._text, tag.end())
                return end.start() if end else -1
            if name == "template":
                self._unseen = max(0, self._unseen + (-1 if is_end else 1))
        return tag.end()

    def _after_remark(self, start: int) -> int:
        """Where a comment, a declaration or an instruction ends; -1: nowhere."""
        for opening, closing in (("<!--", "-->"), ("<![CDATA[", "]]>")):
            if self._text.startswith(opening, start):
                end = self._text.find(closing, start + 2)
                return end + len(closing) if end >= 0 else -1
        end = self._text.find(">", start)
        return end + 1 if end >= 0 else -1


def page(file: io.BufferedReader) -> Iterator[str]:
    """Of HTML, SVG and XML: broken marks do not stop it, and no entity of the file is expanded."""
    # What a browser takes unknown bytes for, where it is no UTF-8.
    raw = file.read()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("windows-1252", "replace")
    lines = (line.strip() for line in "".join(_Page(text).pieces()).splitlines())
    yield "\n".join(line for line in lines if line)


READERS = {
    "html": page,
    "svg": page,
    "xml": page,
    "pdf": pdf,
    "xlsx": sheets,
    "ods": sheets,
    "docx": _office(("word/document", "word/header", "word/footer", "word/footnotes", "word/endnotes")),
    "pptx": _office(("ppt/slides/slide", "ppt/notesslides/notesslide")),
    "odt": _office(("content",), all_text=True),
    "odp": _office(("content",), all_text=True),
}


def main(ending: str, most: int) -> None:
    parts, held, left = [], io.StringIO(), most
    try:
        for piece in READERS[ending](sys.stdin.buffer):  # type: ignore[operator]
            piece = piece[:left]
            left -= len(piece)
            held.write(piece)
            if held.tell() >= PART or not left:
                parts.append(held.getvalue())
                held = io.StringIO()
            if not left:
                break
    except MemoryError:
        sys.exit(77)
    parts.append(held.getvalue())
    clean = [part.replace("\x00", "").encode("utf-8", "replace").decode() for part in parts]
    sys.stdout.write(json.dumps([part for part in clean if part.strip()]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
