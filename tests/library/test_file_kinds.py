"""What a file is by its bytes: sounds, films, documents, archives, and what is refused."""

import io
import tracemalloc
import zipfile

import pytest

from library import archives
from library.models import Item
from library.sniffing import TYPES, sniff
from library.types import UploadRefused
from tests.library.samples import HOSTILE, MPEG_WITHOUT_TAG, PDF, SOUND, WORD, film, tracks, zipped

MP42, M4A = film(b"mp42", b"isom", b"mp42"), film(b"mp42", b"isom", b"M4A ")


@pytest.mark.parametrize("media_type", SOUND)
def test_sound_files_are_known_by_their_bytes(media_type):
    for name in ("bin", "exe", "html"):
        assert sniff(io.BytesIO(SOUND[media_type]), name) == TYPES[media_type]


def test_sound_without_a_tag_is_known():
    assert sniff(io.BytesIO(MPEG_WITHOUT_TAG)).media_type == "audio/mpeg"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_leave_nothing(people, upload, kept_files, name):
    with pytest.raises(UploadRefused) as refused:
        upload(people.member, HOSTILE[name], name)
    assert refused.value.code == "type_refused"
    assert "PDF" in refused.value.message
    assert not Item.objects.exists()
    assert kept_files() == []


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf \n"])
def test_a_pdf_behind_a_mark_or_an_empty_line_is_known(before):
    assert sniff(io.BytesIO(before + PDF)).media_type == "application/pdf"
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(b"<script>" + before + PDF))


PJL = b"\x1b%-12345X@PJL JOB\r\n@PJL ENTER LANGUAGE = PDF\r\n"
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n"


@pytest.mark.parametrize("before", [PJL, HEADERS, b"Content-Type: application/pdf\n\n", b"\x1b%-12345X"])
def test_a_pdf_behind_headers_is_known(before):
    assert sniff(io.BytesIO(before + PDF), "txt").media_type == "application/pdf"
    for told in (b"<html>\n", b"<!-- -->\n", b"#!/bin/sh\n"):
        with pytest.raises(UploadRefused):
            sniff(io.BytesIO(told + before + PDF), "pdf")


@pytest.mark.parametrize(
    "told", ["Note:\n%PDF-1.7 est une marque.", "La marque %PDF-1.7\n1 0 obj", "X: <b>\n%PDF-1.7\n1 0 obj"]
)
def test_words_about_pdf_are_words(told):
    assert sniff(io.BytesIO(told.encode())).media_type == "text/plain"


@pytest.mark.parametrize(
    ("content", "ending", "found"),
    [
        *((film(brand, b"isom", b"mp42"), "mp4", "video/mp4") for brand in (b"iso3", b"iso8", b"3gp4", b"3gp5")),
        *((film(brand, b"mp42"), "mp4", "video/mp4") for brand in (b"XAVC", b"mp71", b"dby1")),
        (film(b"mif1", b"mif1", b"avif", b"miaf"), "avif", "image/avif"),
        (MP42, "mp4", "video/mp4"),
        (MP42, "M4A", "audio/mp4"),
        (M4A, "mp4", "audio/mp4"),
        (film(b"M4V ", b"M4V ", b"M4A ", b"mp42"), "m4v", "video/mp4"),
        (MP42 + tracks(b"soun"), "mp4", "audio/mp4"),
        (MP42 + tracks(b"soun", b"vide"), "m4a", "video/mp4"),
        (M4A + tracks(b"vide"), "m4a", "video/mp4"),
    ],
)
def test_films_and_sounds_by_their_brands_and_tracks(content, ending, found):
    assert sniff(io.BytesIO(content), ending).media_type == found


@pytest.mark.parametrize(
    "content",
    [
        film(b"heic", b"mif1", b"heic"),
        film(b"mif1", b"mif1", b"heic"),
        film(b"mif1", b"avif", b"heic"),
        film(b"crx ", b"crx ", b"isom"),
        film(b"XAVC", b"XAVC"),
        b"<!--ftypXAVC\0\0\0\0mp42--><script>alert(1)</script>",
        b"<!--ftypisom\0\0\0\0mp42--><script>alert(1)</script>",
        film(b"3gp4", b"mp42")[:18],
    ],
)
def test_other_boxes_are_refused(content):
    for ending in ("mp4", "m4a", "avif"):
        with pytest.raises(UploadRefused):
            sniff(io.BytesIO(content), ending)


def test_boxes_without_end_are_walked_within_bounds():
    boxes = b"\0\0\0\x08free" * 100_000
    assert sniff(io.BytesIO(MP42 + boxes + tracks(b"soun")), "mp4").media_type == "video/mp4"
    assert sniff(io.BytesIO(MP42 + b"\0\0\0\0moov" * 9_000), "mp4").media_type == "video/mp4"


RELATION = (
    '<Relationship Id="r1" Target="/{0}"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>'
)
LABEL = (
    '<Override PartName="/{0}" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/>'
)


def _named(main: str, label: str = LABEL, relation: str = RELATION) -> dict[str, str]:
    labels = f"<Types>{label.format(main)}</Types>"
    return {
        "[Content_Types].xml": labels,
        "_rels/.rels": f"<Relationships>{relation.format(main)}</Relationships>",
        main: "<x/>",
    }


def test_a_document_is_known_by_the_part_its_package_names():
    for parts in (_named("word/document2.xml"), _named("document.xml"), _named("word\\document3.xml")):
        assert TYPES[sniff(io.BytesIO(zipped(parts))).media_type].extension == "docx"
    for usual, ending in (
        ("word\\document.xml", "docx"),
        ("xl\\workbook.xml", "xlsx"),
        ("PPT/Presentation.xml", "pptx"),
    ):
        parts = {"[Content_Types].xml": "<Types/>", usual: "<x/>"}
        assert TYPES[sniff(io.BytesIO(zipped(parts))).media_type].extension == ending


MACROS = '<Override PartName="/x.bin" ContentType="application/vnd.ms-office.vbaProject"/>'


@pytest.mark.parametrize(
    "parts",
    [
        _named("word/document2.xml", LABEL + MACROS),
        WORD | {"[Content_Types].xml": f"<Types>{MACROS}</Types>"},
        WORD | {"[Content_Types].xml": f"<Types>{MACROS.replace('vba', '&#x76;ba')}</Types>"},
        WORD | {"[Content_Types].xml": MACROS.encode("utf-16-le").decode()},
        WORD | {"word\\VBAProject.bin": "x"},
        _named("a.xml", LABEL.replace("openxmlformats-officedocument.", "ms-").replace(".main", ".macroEnabled.main")),
        _named("word/document2.xml", "<!DOCTYPE x>" + LABEL),
        _named("word/document2.xml", label=""),
        _named("word/document2.xml", relation=""),
        _named("word/document2.xml", relation=RELATION.replace("/>", ' TargetMode="External"/>')),
        _named("word/document2.xml") | {"[Content_Types].xml": "a" * 2_000_001},
    ],
)
def test_other_packages_are_refused(parts):
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(zipped(parts)), "docx")


def _flood(parts: int, *, lie: int | None = None) -> bytes:
    """A zip whose table of contents has so many empty parts; its end may declare another count."""
    entry = b"PK\x01\x02" + b"\x14\0\x14\0" + b"\0" * 20 + b"\1\0" + b"\0" * 16 + b"a"
    table = entry * parts
    declared = min(parts if lie is None else lie, 0xFFFF).to_bytes(2, "little")
    end = b"PK\x05\x06\0\0\0\0" + declared * 2 + len(table).to_bytes(4, "little") + (4).to_bytes(4, "little") + b"\0\0"
    return b"PK\x03\x04" + table + end


@pytest.mark.parametrize("lie", [None, 3])
def test_a_flood_of_parts_is_refused_before_it_is_read(lie):
    """Half a million parts, declared or not, cost no more than a look at the end of the file."""
    flood = io.BytesIO(_flood(500_000, lie=lie))
    tracemalloc.start()
    try:
        with pytest.raises(UploadRefused):
            sniff(flood)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_the_flood_above_is_a_sound_zip():
    with zipfile.ZipFile(io.BytesIO(_flood(9))) as archive:
        assert len(archive.infolist()) == 9
    with archives.open_archive(io.BytesIO(_flood(9))) as archive:
        assert len(archive.infolist()) == 9


def test_a_document_that_unpacks_to_a_flood_is_refused(monkeypatch):
    monkeypatch.setattr("library.archives.MAX_UNPACKED", 10_000)
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(zipped(WORD | {"word/media.bin": "0" * 20_000})))
