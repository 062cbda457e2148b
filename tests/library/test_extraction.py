"""The words of documents and the thumbnails of images: read in a bounded child, found, served, gone with the item."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demo.files import honeycomb_png, pdf
from library import extraction, selectors, services
from library.models import FileText, Item
from tenants import sandbox
from tests.library.samples import zipped

WORD_NS = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
SLIDE_NS = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)
BOOK = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship'
    ' Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"'
    ' Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Ventes"'
    ' sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"'
    ' Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/worksheets/sheet1.xml": '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>Brouette cévenole</t></is></c><c r="B1"><v>12</v></c></row>'
    "</sheetData></worksheet>",
}
DOCUMENTS = {
    "devis.pdf": pdf("Devis", ["Une brouette cévenole, livrée."]),
    "devis.docx": zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f"<w:document {WORD_NS}><w:body><w:p><w:r><w:t>Une brouette </w:t></w:r>"
            "<w:r><w:t>cévenole</w:t></w:r></w:p></w:body></w:document>",
        }
    ),
    "devis.pptx": zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "ppt/presentation.xml": "<x/>",
            "ppt/slides/slide1.xml": f"<p:sld {SLIDE_NS}><a:p><a:r><a:t>Une brouette cévenole</a:t>"
            "</a:r></a:p></p:sld>",
        }
    ),
    "devis.xlsx": zipped(BOOK),
}


def brought(person, content: bytes, name: str) -> Item:
    return services.item_upload(author=person, file=io.BytesIO(content), name=name, size=len(content))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_words_of_a_document_are_found_by_its_readers_alone(people, name):
    item = brought(people.member, DOCUMENTS[name], name)
    assert item.reading == Item.Reading.WAITING
    assert not selectors.item_list(people.member, selectors.Filters(query="cevenole")).exists()
    assert extraction.extract(item_id=str(item.pk)) == Item.Reading.DONE
    assert [row.pk for row in selectors.item_list(people.member, selectors.Filters(query="cevenole"))] == [item.pk]
    assert not selectors.item_list(people.instructor, selectors.Filters(query="cevenole")).exists()
    # Again: the same, once.
    extraction.extract(item_id=str(item.pk))
    assert FileText.objects.filter(item=item).count() == 1


def words(name: str, parts: dict[str, str]) -> str:
    """What the child reads of a package."""
    return "".join(json.loads(child_told("text.py", zipped(parts), name, "1000")))


def child_told(name: str, content: bytes, *given: str) -> bytes:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return sandbox.run(extraction.CHILDREN / name, file, *given)


NUMBERS = (
    '<c r="B1"><v>20260042</v></c><c r="C1"><v>1234.56</v></c><c r="D1"><v>12.5</v></c><c r="E1" t="b"><v>1</v></c>'
    '<c r="F1"><v>-0.30000000000000004</v></c><c r="G1"><v>7</v></c><c r="H1"><v>4500</v></c>'
)


def test_numbers_of_a_sheet_are_found_as_people_see_and_type_them(people):
    sheet = BOOK["xl/worksheets/sheet1.xml"].replace('<c r="B1"><v>12</v></c>', NUMBERS)
    item = brought(people.member, zipped(BOOK | {"xl/worksheets/sheet1.xml": sheet}), "ventes.xlsx")
    extraction.extract(item_id=str(item.pk))
    cells = FileText.objects.get(item=item).text.strip().split("\t")[1:]
    assert cells == [
        "20260042", "1234,56", "12,5 12,50", "VRAI / TRUE", "-0,30000000000000004 -0,30", "7", "4500",
    ]  # fmt: skip
    found = ["20260042", "1234.56", "1234,56", "1 234,56", "1\u202f234,56", "1\u00a0234.56 €", "12,50", "12,5", "4 500"]
    for query in [*found, "vrai", "true", '"1234,56"', '"1 234,56"', "cévenole 4 500,", "0,30"]:
        assert selectors.item_list(people.member, selectors.Filters(query=query)).exists(), query
    for query in ("1 235,56", "12,51", "4 501", "13 500"):
        assert not selectors.item_list(people.member, selectors.Filters(query=query)).exists(), query


def test_hyphens_that_word_writes_as_elements():
    body = (
        f"<w:document {WORD_NS}><w:p><w:r><w:t>rendez</w:t><w:noBreakHyphen/><w:t>vous por</w:t><w:softHyphen/>"
        "<w:t>tail</w:t></w:r></w:p></w:document>"
    )
    assert words("docx", {"word/document.xml": body}) == "rendez-vous portail\n\n\n"


def test_what_nobody_sees_in_a_document_is_not_read():
    """Text deleted under change tracking, where a paragraph was moved from, what older readers are given besides."""
    tracked = (
        '<o:body xmlns:o="urn:o" xmlns:t="urn:t" xmlns:dc="urn:dc"><t:tracked-changes><t:changed-region>'
        "<dc:creator>Marie</dc:creator><t:p>salaire 99000</t:p></t:changed-region></t:tracked-changes>"
        "<t:p>Devis</t:p></o:body>"
    )
    assert words("odt", {"content.xml": tracked}).split() == ["Devis"]
    moved = (
        f"<w:document {WORD_NS}><w:moveFrom><w:r><w:t>ancien</w:t></w:r></w:moveFrom><w:p><w:r><w:t>encadré</w:t></w:r>"
        '<m:Fallback xmlns:m="urn:m"><w:r><w:t>encadré</w:t></w:r></m:Fallback></w:p></w:document>'
    )
    assert words("docx", {"word/document.xml": moved}).split() == ["encadré"]


def test_parts_of_other_names_are_read():
    body = f"<w:document {WORD_NS}><w:p><w:r><w:t>brouette</w:t></w:r></w:p></w:document>"
    relation = '<Relationship Type="http://x/relationships/officeDocument" Target="/{0}"/>'
    for name in ("word\\document.xml", "word/document2.xml", "corps.xml"):
        assert "brouette" in words("docx", {"_rels/.rels": relation.format(name), name: body})
    renamed = {
        name.replace("workbook", "workbook2"): text.replace("xl/workbook", "xl/workbook2")
        for name, text in BOOK.items()
    }
    for parts in (renamed, {name.replace("/", "\\"): text for name, text in BOOK.items()}):
        assert "cévenole" in words("xlsx", parts)


def thumbnail(content: bytes, most: int = extraction.MAX_PIXELS) -> Image.Image:
    told = child_told("thumbnail.py", content, str(extraction.THUMBNAIL_SIDE), str(most))
    return Image.open(io.BytesIO(told))


def encoded(image: Image.Image, form: str, **more: Any) -> bytes:
    held = io.BytesIO()
    image.save(held, form, **more)
    return held.getvalue()


@pytest.mark.parametrize("more", [{}, {"transparency": 65535}])
def test_a_grey_of_sixteen_bits_stays_grey(more):
    grey = Image.frombytes("I;16", (256, 16), b"".join(bytes((0, level)) for level in range(256)) * 16)
    small = thumbnail(encoded(grey, "PNG", **more)).convert("L")
    assert [abs(small.getpixel((x, 5)) - round(x * 1.6)) < 6 for x in (1, 40, 80, 158)] == [True] * 4


def test_a_picture_without_its_last_bytes_is_shown():
    noise = Image.effect_noise((600, 400), 60).convert("RGB")
    for form, lost in (("JPEG", 2_000), ("PNG", 2_000), ("WEBP", 0)):
        small = thumbnail(encoded(noise, form)[: -lost or None])
        assert max(small.size) == extraction.THUMBNAIL_SIDE and small.convert("L").getextrema()[1] > 100


def test_the_bound_on_pixels_is_that_of_what_is_decoded():
    large = Image.new("L", (4_000, 3_000), 99)
    assert thumbnail(encoded(large, "JPEG"), 500_000).size == (160, 120)
    with pytest.raises(sandbox.Failed):
        thumbnail(encoded(large, "PNG"), 500_000)
    with pytest.raises(sandbox.Failed):
        thumbnail(encoded(large, "JPEG"), 100_000)


def test_what_was_found_in_a_file_is_shown_marked_in_the_list(people, client_for):
    item = brought(people.member, DOCUMENTS["devis.docx"], "devis.docx")
    extraction.extract(item_id=str(item.pk))
    page = client_for(people.member).get("/library/?q=cevenole").content.decode()
    assert "<mark>cévenole</mark>" in page


def test_a_list_shows_small_pictures(people, client_for, kept_files):
    item = brought(people.member, honeycomb_png(), "alveoles.png")
    client = client_for(people.member)
    assert f"/library/{item.pk}/thumbnail/" not in client.get("/library/").content.decode()
    assert client.get(f"/library/{item.pk}/thumbnail/").status_code == 404
    assert extraction.extract(item_id=str(item.pk)) == Item.Reading.DONE
    assert f"/library/{item.pk}/thumbnail/" in client.get("/library/").content.decode()
    answer = client.get(f"/library/{item.pk}/thumbnail/")
    small = Image.open(io.BytesIO(b"".join(answer.streaming_content) if answer.streaming else answer.content))
    assert answer["Content-Type"] == "image/webp" and answer["X-Content-Type-Options"] == "nosniff"
    assert max(small.size) == extraction.THUMBNAIL_SIDE and small.format == "WEBP"
    assert client_for(people.instructor).get(f"/library/{item.pk}/thumbnail/").status_code == 404
    assert len(kept_files()) == 2


def test_a_thumbnail_keeps_nothing_of_where_the_picture_was_taken(people):
    held = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "chez moi, 12 rue des Lilas"
    exif[0x0112] = 6
    Image.new("RGB", (400, 200), "red").save(held, "JPEG", exif=exif)
    item = brought(people.member, held.getvalue(), "photo.jpg")
    extraction.extract(item_id=str(item.pk))
    item.refresh_from_db()
    from library import files

    with files.storage().open(item.thumbnail) as stored:
        data = stored.read()
    assert b"Lilas" not in data
    small = Image.open(io.BytesIO(data))
    assert small.size == (80, 160), "turned as the camera was held"


def test_file_and_thumbnail_go_with_the_item(people, kept_files, on_commit):
    item = brought(people.member, honeycomb_png(), "alveoles.png")
    extraction.extract(item_id=str(item.pk))
    services.item_archive(item=item)
    with on_commit(execute=True):
        services.item_delete(item=item, actor=people.member)
    assert kept_files() == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("casse.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\nxref garbage\ntrailer\n%%EOF\n"),
        ("bombe.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\6\0\0\0" + b"\0" * 60),
        ("vide.docx", zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": "<x"})),
    ],
)
def test_what_cannot_be_read_stays_a_file(people, name, content):
    item = brought(people.member, content, name)
    assert extraction.extract(item_id=str(item.pk)) in (Item.Reading.FAILED, Item.Reading.NOTHING)
    item.refresh_from_db()
    assert item.file and item.thumbnail == "" and not FileText.objects.exists()


def test_lost_jobs_are_taken_up(people, monkeypatch):
    item = brought(people.member, DOCUMENTS["devis.pdf"], "devis.pdf")
    asked = []
    monkeypatch.setattr(extraction, "enqueue", lambda job, **given: asked.append(given["item_id"]))
    assert extraction.enqueue_unprocessed() == 0, "its own job may still come"
    monkeypatch.setattr(extraction, "MIN_AGE", -extraction.MIN_AGE)
    assert extraction.enqueue_unprocessed() == 1 and asked == [str(item.pk)]


# -- the child


def child(tmp_path: Path, code: str) -> Path:
    path = tmp_path / "child.py"
    path.write_text(code)
    return path


def run(tmp_path: Path, code: str, **limits: int) -> bytes:
    with (tmp_path / "file").open("w+b") as file:
        file.write(b"the file")
        file.flush()
        return sandbox.run(child(tmp_path, code), file, "word", limits=sandbox.Limits(**limits))


def test_a_child_reads_the_file_and_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_OURS", "x")
    code = "import sys, os, json\nprint(json.dumps([sys.argv[1], sys.stdin.read(), sorted(os.environ)]))"
    word, text, names = json.loads(run(tmp_path, code))
    assert (word, text) == ("word", "the file") and "SECRET_OF_OURS" not in names


@pytest.mark.parametrize(
    ("code", "limits", "raised"),
    [
        ("while True: pass", {"cpu_seconds": 1}, sandbox.Exceeded),
        ("import time\ntime.sleep(60)", {"wall_seconds": 1}, sandbox.Exceeded),
        ("x = bytearray(800_000_000)", {"memory": 300_000_000}, sandbox.Failed),
        ("import sys\nsys.stdout.write('x' * 5_000_000)", {"output": 1_000_000}, (sandbox.Exceeded, sandbox.Failed)),
        ("import socket\nsocket.socket()", {}, sandbox.Failed),
        ("import subprocess\nsubprocess.run(['true'])", {}, sandbox.Failed),
        ("raise SystemExit(3)", {}, sandbox.Failed),
    ],
    ids=["processor", "clock", "memory", "output", "network", "programs", "error"],
)
def test_a_child_that_goes_too_far_is_ended(tmp_path, code, limits, raised):
    with pytest.raises(raised):
        run(tmp_path, code, **limits)
