"""The smallest files of each type, sound and hostile."""

import io
import zipfile


def zipped(parts: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return held.getvalue()


def box(name: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + name + content


def film(brand: bytes, *others: bytes) -> bytes:
    return box(b"ftyp", brand + b"\0\0\2\0" + b"".join(others)) + box(b"free", b"\0" * 52)


def tracks(*handlers: bytes) -> bytes:
    """The table of a film's tracks."""
    held = (box(b"trak", box(b"mdia", box(b"hdlr", b"\0" * 8 + name + b"\0" * 12))) for name in handlers)
    return box(b"mdat", b"\0" * 9) + box(b"moov", box(b"mvhd", b"\0" * 20) + b"".join(held))


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89" + b"\0" * 40
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n"
WORD = {"[Content_Types].xml": "<Types/>", "word/document.xml": "<x/>"}
OPEN_TEXT = "application/vnd.oasis.opendocument.text"

SOUND = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\1" + b"\0" * 60,
    "image/gif": b"GIF89a\1\0\1\0\0\0\0;" + b"\0" * 20,
    "image/webp": b"RIFF\x24\0\0\0WEBPVP8 " + b"\0" * 40,
    "image/avif": film(b"avif", b"avif", b"mif1"),
    "video/mp4": film(b"isom", b"isom", b"avc1"),
    "video/quicktime": film(b"qt  ", b"qt  "),
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\xf7\x81\1\x42\xf2\x81\4\x42\xf3\x81\x08\x42\x82\x84webm"
    + b"\0" * 40,
    "audio/mp4": film(b"M4A ", b"M4A ", b"mp42"),
    "audio/mpeg": b"ID3\3\0\0\0\0\0\x0f" + b"\0" * 60,
    "audio/wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0" + b"\0" * 40,
    "audio/ogg": b"OggS\0\2" + b"\0" * 20 + b"\1\x1e\1vorbis" + b"\0" * 40,
    "audio/flac": b"fLaC\0\0\0\x22" + b"\0" * 40,
    "application/pdf": PDF,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": zipped(WORD),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": zipped(
        {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<x/>"}
    ),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": zipped(
        {"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<x/>"}
    ),
    OPEN_TEXT: zipped({"mimetype": OPEN_TEXT, "content.xml": "<x/>"}),
    "text/plain": "Été à la mer.\nDeuxième ligne.".encode(),
}
MPEG_WITHOUT_TAG = b"\xff\xfb\x90\x64" + b"\0" * 600

PAGE = (
    "<!DOCTYPE html><html><head><title>Brouettes</title><style>.rouge{}</style></head><body><h1>Une <b>brouette</b>"
    " cévenole &amp; sa roue</h1><script>alert('secret')</script></body></html>"
).encode()
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><text>Une brouette</text></svg>'
# What a browser could run, by a name it is taken under.
ACTIVE = {
    "page.html": ("text/html", PAGE),
    "page.HTM": ("text/html", b"\xef\xbb\xbf<!-- x -->\n<html lang=fr><p>x</html>"),
    "drawing.svg": ("image/svg+xml", SVG),
    "drawn.svg": (
        "image/svg+xml",
        b'<?xml version="1.0"?><!-- x --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd" ['
        b'<!ENTITY ns "http://x">]><svg xmlns="http://www.w3.org/2000/svg"/>',
    ),
    "data.xml": ("application/xml", b'<?xml version="1.0"?><notes><note>Une brouette</note></notes>'),
}
HOSTILE = {
    "page.txt": PAGE,
    "page.svg": PAGE,
    "page.xml": PAGE,
    "drawing.html": SVG,
    "drawing.txt": SVG,
    "script.html": b"<script>alert(1)</script>",
    "php.html": b"<?php echo 1 ?><html></html>",
    "style.svg": b'<?xml version="1.0"?><xsl:stylesheet/>',
    "binary.html": b"<!doctype html>\0",
    "late.svg": b"<svg >" + b" " * 70_000 + b"\x01",
    "html.png": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "spaced.txt": b"\n\t  <html><body onload=alert(1)>",
    "bom.txt": b"\xef\xbb\xbf<script>alert(1)</script>",
    "comment.txt": b"<!-- x --><svg onload=alert(1)>",
    "drawing.png": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "program.jpg": b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + b"\0" * 200,
    "program.pdf": b"\x7fELF\2\1\1" + b"\0" * 200,
    "script.txt": b"#!/bin/sh\nrm -rf /\n",
    "archive.docx": zipped({"anything.txt": "a"}),
    "macros.docx": zipped(WORD | {"word/vbaProject.bin": "x"}),
    "cut.docx": zipped(WORD)[:-30],
    "lying.docx": b"PK\3\4" + b"\xff" * 300,
    "java.jar": zipped({"META-INF/MANIFEST.MF": "x"}),
    "rich.rtf": rb"{\rtf1\ansi{\object}}",
    "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 200,
    "nul.txt": b"hello\0world",
    "late.csv": b"a;b\n" * 40_000 + b"\0",
    "mkv.webm": b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\1\x42\x82\x88matroska" + b"\0" * 40,
    "heic.jpg": film(b"heic", b"mif1"),
}
