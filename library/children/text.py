"""Child process (tenants/sandbox.py) that extracts the text of a document as a JSON list of parts.

Imports nothing of ours. Arguments: the extension of the file's type and the maximum number of characters. The file is
standard input.
"""

import codecs
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

PART_SIZE = 100_000
# Local names of elements that end a paragraph or line, and of those that stand for a tab or end a cell.
_ENDS = {"p", "h", "br", "cr", "line-break", "tr"}
_TABS = {"tab", "ptab", "tc", "table-cell", "s"}
# Elements with deleted text (OpenDocument change tracking), moved text and duplicates for older readers (Word).
_UNREAD = {"tracked-changes", "moveFrom", "Fallback"}
# Word's element for a non-breaking hyphen. Soft hyphens are omitted, as in search.
_HYPHENS = {"noBreakHyphen"}
# Larger numbers exceed the precision of a double and keep Python's notation.
_LARGEST = 1e21
# Raw text elements with their end tags, and inline elements.
_RAW = {name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE) for name in ("script", "style")}
_INSIDE_A_LINE = set(
    "a abbr b bdi bdo cite code em font i kbd mark q s samp small span strong sub sup tspan u var".split()
)
_OPENS = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)")
# A ">" in a quoted value does not end the tag.
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
            # The other pages of the file may still be readable.
            yield ""
        yield "\n\n"


def sheets(file: io.BufferedReader) -> Iterator[str]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(_standard_workbook(file))
    for name in book.sheet_names:
        yield f"{name}\n"
        for row in book.get_sheet_by_name(name).iter_rows():
            cells = [_cell_text(cell) for cell in row if cell not in ("", None)]
            if cells:
                yield "\t".join(cells) + "\n"


def _cell_text(cell: object) -> str:
    """A cell as users see and search it: integers without a decimal point, other numbers also rounded to cents."""
    if isinstance(cell, bool):
        return "VRAI / TRUE" if cell else "FAUX / FALSE"
    if isinstance(cell, float) and abs(cell) < _LARGEST:
        if cell.is_integer():
            return str(int(cell))
        # Search treats comma and point alike, as the end of a word.
        written, cents = repr(cell).replace(".", ","), f"{cell:.2f}".replace(".", ",")
        return written if written == cents else f"{written} {cents}"
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return str(cell.date())
    return str(cell)


def _standard_workbook(file: io.BufferedReader) -> IO[bytes]:
    """The workbook with its main part renamed to the name that calamine requires, copied only if necessary."""
    buffer = io.BytesIO(file.read())
    with zipfile.ZipFile(buffer) as archive:
        main, names = _main_part(archive), {_normalized(name) for name in archive.namelist()}
        if "xl/workbook.xml" in names or main not in names:
            buffer.seek(0)
            return buffer
        folder, _slash, last = main.rpartition("/")
        usual = {main: "xl/workbook.xml", f"{folder}/_rels/{last}.rels": "xl/_rels/workbook.xml.rels"}
        renamed = io.BytesIO()
        with zipfile.ZipFile(renamed, "w") as copy:
            for part in archive.infolist():
                name = _normalized(part.filename)
                copy.writestr(usual.get(name, name), archive.read(part))
    renamed.seek(0)
    return renamed


def _main_part(archive: zipfile.ZipFile) -> str:
    """The name of the main part according to the package's relationships; blank if there is none."""
    names = {_normalized(name): name for name in archive.namelist()}
    relations = archive.read(names["_rels/.rels"]) if "_rels/.rels" in names else b""
    tag = _MAIN.search(relations)
    target = _TARGET.search(tag.group()) if tag else None
    return _normalized(target.group(1).decode("utf-8", "replace")) if target else ""


def _normalized(name: str) -> str:
    return name.replace("\\", "/")


class _Text:
    """Target of the XML parser that collects the text of `t` elements, or of all elements (OpenDocument).

    Elements in `_UNREAD` are skipped, since their text is not visible in the document.
    """

    def __init__(self, *, all_text: bool) -> None:
        self._all_text, self._depth, self._unread_depth = all_text, 0, 0
        self.pieces: list[str] = []

    def start(self, tag: str, _attributes: object) -> None:
        name = _name(tag)
        self._depth += name == "t"
        self._unread_depth += name in _UNREAD

    def data(self, text: str) -> None:
        if (self._all_text or self._depth) and not self._unread_depth:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        name = _name(tag)
        self._depth -= name == "t"
        self._unread_depth -= name in _UNREAD
        if self._unread_depth:
            return
        if name in _HYPHENS:
            self.pieces.append("-")
        elif name in _ENDS:
            self.pieces.append("\n")
        elif name in _TABS:
            self.pieces.append("\t")

    def close(self) -> None:
        """Required by the parser's interface."""


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _xml(stream: IO[bytes], *, all_text: bool) -> Iterator[str]:
    target = _Text(all_text=all_text)
    # External entities are not loaded, expat limits entity expansion, and the process has resource limits.
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
            parts = {_normalized(name): name for name in archive.namelist()}
            names = {name for name in parts if name.lower().startswith(prefixes) and name.lower().endswith(".xml")}
            names |= {_main_part(archive)} & set(parts)
            for name in sorted(names, key=lambda name: (len(name), name)):
                with archive.open(parts[name]) as stream:
                    yield from _xml(stream, all_text=all_text)
                yield "\n\n"

    return read


class _Page:
    """The visible text of HTML or SVG, without scripts and styles.

    Runs in linear time, whereas `html.parser` takes minutes for some pages of a few hundred kilobytes. An unclosed tag
    or comment ends the page, as in a browser.
    """

    def __init__(self, text: str) -> None:
        self._text, self._tag, self._hidden_depth = text, _TAG, 0

    def pieces(self) -> Iterator[str]:
        text, at = self._text, 0
        while 0 <= at < len(text):
            start = text.find("<", at)
            words = text[at:start] if start >= 0 else text[at:]
            if words and not self._hidden_depth:
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
                if not self._hidden_depth:
                    yield "<"

    def _after_tag(self, start: int, name: str, *, is_end: bool) -> int:
        """The index after a tag, including the content of a script or style; -1 if it is not closed."""
        tag = self._tag.match(self._text, start)
        if tag is None and self._tag is _TAG:
            # No later tag is closed outside a quoted value either: end them at the first ">", to stay linear.
            self._tag = _BROKEN_TAG
            tag = self._tag.match(self._text, start)
        if tag is None:
            return -1
        if not tag.group().endswith("/>"):
            if name in _RAW and not is_end:
                end = _RAW[name].search(self._text, tag.end())
                return end.start() if end else -1
            if name == "template":
                self._hidden_depth = max(0, self._hidden_depth + (-1 if is_end else 1))
        return tag.end()

    def _after_remark(self, start: int) -> int:
        """The index after a comment, declaration or processing instruction; -1 if it is not closed."""
        for opening, closing in (("<!--", "-->"), ("<![CDATA[", "]]>")):
            if self._text.startswith(opening, start):
                end = self._text.find(closing, start + 2)
                return end + len(closing) if end >= 0 else -1
        end = self._text.find(">", start)
        return end + 1 if end >= 0 else -1


def page(file: io.BufferedReader) -> Iterator[str]:
    """The text of HTML, SVG and XML. Tolerates broken markup and expands no entities of the file."""
    raw = file.read()
    try:
        text = raw.decode("utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        # Browsers fall back to it as well.
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


def main(extension: str, max_characters: int) -> None:
    parts, buffer, remaining = [], io.StringIO(), max_characters
    try:
        for piece in READERS[extension](sys.stdin.buffer):  # type: ignore[operator]
            piece = piece[:remaining]
            remaining -= len(piece)
            buffer.write(piece)
            if buffer.tell() >= PART_SIZE or not remaining:
                parts.append(buffer.getvalue())
                buffer = io.StringIO()
            if not remaining:
                break
    except MemoryError:
        sys.exit(77)
    parts.append(buffer.getvalue())
    clean = [part.replace("\x00", "").encode("utf-8", "replace").decode() for part in parts]
    sys.stdout.write(json.dumps([part for part in clean if part.strip()]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
