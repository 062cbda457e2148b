"""What may be brought, what is refused, and that a refusal leaves nothing."""

import io
import tracemalloc
import zipfile
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEntry
from analytics.models import DailyFigures
from billing import entitlements
from billing.models import Entitlement
from library import archives, deletion, files, services, uploads
from library.models import Item
from library.sniffing import TYPES, sniff
from library.types import UploadRefused
from tests.library.samples import HOSTILE, MPEG_WITHOUT_TAG, PDF, PNG, SOUND, WORD, film, tracks, zipped
from tests.outbox import drained


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


MP42, M4A = film(b"mp42", b"isom", b"mp42"), film(b"mp42", b"isom", b"M4A ")


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


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
def test_wide_text_without_a_mark_is_known(people, upload, coding):
    item = upload(people.member, "Été ; à la mer".encode(coding), "note.txt")
    charset = coding.replace("-16-", "-16")
    assert (item.media_type, item.text) == (f"text/plain; charset={charset}", "Été ; à la mer")
    for text in ("<script>alert(1)</script>", " <html>", "#!/bin/sh", "a\x01b", "a\0b"):
        with pytest.raises(UploadRefused):
            sniff(io.BytesIO(text.encode(coding)), "txt")
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO("du texte".encode(coding) + b"x"), "txt")


def test_the_sign_that_ended_texts_under_dos(people, upload):
    item = upload(people.member, b"a;b\r\n1;2\r\n\x1a", "vieux.csv")
    assert (item.media_type, item.text) == ("text/csv", "a;b\r\n1;2\r\n")
    assert sniff(io.BytesIO(b"a;b" + b"\x1a" * 120), "csv").media_type == "text/csv"
    for content in (b"\x1a", b"\x1a" * 200, b"a\x1ab", b"a" + b"\x1a" * 200):
        with pytest.raises(UploadRefused):
            sniff(io.BytesIO(content), "csv")


@pytest.mark.parametrize(
    "text",
    [
        "<Alice> Bonjour",
        "<Jean-Luc M> a dit <3",
        "<alice>: oui\n<bob>: non",
        "<jean@exemple.fr> a dit",
        "<a@b.fr>:\nOui",
    ],
)
def test_a_text_may_begin_with_who_speaks(text):
    for ending in ("txt", "md", "log"):
        assert sniff(io.BytesIO(text.encode()), ending).media_type.startswith("text/")


@pytest.mark.parametrize(
    "text",
    [
        "<Alice> <script>alert(1)</script>", "<Alice> oui <script>alert(1)//", "<note> mot </note>", "<x a=b> mot",
        "<body> mot", "<SVG onload> mot", "<jean@exemple.fr> <b>mot", "<x/onclick> mot", "<svg:a> mot", "<alice>\nmot",
        "<alice> <!-- x", "<a@b onload=alert(1)> x", "<p@b.fr> <?php", "<alice> mot <IMG src=x onerror=alert(1)>",
    ],
)  # fmt: skip
def test_a_tag_is_nobody_who_speaks(text):
    for ending in ("txt", "html"):
        with pytest.raises(UploadRefused):
            sniff(io.BytesIO(text.encode()), ending)


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-be"])
def test_wide_text_is_known_and_read(people, upload, coding):
    raw = ("\ufeff".encode(coding) if coding.endswith("be") else b"") + "Été ; à la mer".encode(coding)
    item = upload(people.member, raw, "note.txt")
    assert (item.media_type, item.text) == ("text/plain; charset=utf-16", "Été ; à la mer")


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a\x00b", "MZ\x01", " \n<html>"])
def test_wide_text_is_judged_as_any_text(text):
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(text.encode("utf-16")), "txt")


def test_an_odd_byte_is_no_wide_text():
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO("mot".encode("utf-16") + b"x"), "txt")


@pytest.mark.parametrize(
    "text",
    [
        '<div align="center">\n# Titre',
        "<!-- a -->\n<!-- b -->\n<p>Bonjour</p>",
        "<https://exemple.fr>",
        "<br/>\n",
        "<think>\nVoyons.\n</think>\nOui.",
    ],
)
def test_markdown_may_begin_with_a_tag(text):
    assert sniff(io.BytesIO(text.encode()), "md").media_type == "text/markdown"
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(text.encode()), "html")


@pytest.mark.parametrize(
    "text", ["<script>a</script>", "<!-- x --><svg onload=a>", "<!doctype html>", "<pretend>", "<?xml?>"]
)
def test_markdown_is_no_page(text):
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(text.encode()), "md")


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
    with archives.opened(io.BytesIO(_flood(9))) as archive:
        assert len(archive.infolist()) == 9


def test_the_ending_chooses_among_texts_only(people, upload):
    assert upload(people.member, b"a;b\n1;2", "a.csv").media_type == "text/csv"
    for name in ("a.MD", "a.markdown"):
        assert upload(people.member, b"# Titre", name).media_type == "text/markdown"
    page = upload(people.member, b"du texte", "page.html")
    assert (page.media_type, page.file_name) == ("text/plain", "page.txt")
    picture = upload(people.member, PNG, "page.html")
    assert (picture.media_type, picture.file_name) == ("image/png", "page.png")


def test_a_document_that_unpacks_to_a_flood_is_refused(monkeypatch):
    monkeypatch.setattr("library.archives.MAX_UNPACKED", 10_000)
    with pytest.raises(UploadRefused):
        sniff(io.BytesIO(zipped(WORD | {"word/media.bin": "0" * 20_000})))


def test_an_upload_is_kept_whole_and_under_the_workspaces_prefix(people, upload, kept_files):
    item = upload(people.member, PNG, "photo d’été.png")
    path = kept_files()[0]
    assert path.read_bytes() == PNG
    assert item.file.startswith(f"{people.home.file_prefix}/library/{item.pk}/")
    assert "photo" not in item.file
    assert (item.kind, item.title, item.file_name, item.size) == ("image", "photo d’été", "photo d’été.png", len(PNG))
    assert item.visibility == "private"
    assert path.stat().st_mode & 0o077 == 0
    assert AuditEntry.objects.get(action="library.upload").target == f"item:{item.pk}"
    drained()
    assert sum(DailyFigures.objects.values_list("contents", flat=True)) == 1


def test_the_words_of_a_text_are_found(people, upload):
    assert upload(people.member, "L’été".encode("cp1252"), "a.txt").text == "L’été"
    assert upload(people.member, b"\xef\xbb\xbfmot", "a.txt").text == "mot"


@pytest.mark.parametrize(
    ("name", "title", "kept"),
    [
        ("Rapport v1.2", "Rapport v1.2", "Rapport v1.2.pdf"),
        ("Contrat M. Dupont", "Contrat M. Dupont", "Contrat M. Dupont.pdf"),
        ("Devis M.Petit", "Devis M.Petit", "Devis M.Petit.pdf"),
        ("Site exemple.com", "Site exemple.com", "Site exemple.com.pdf"),
        ("Rapport v1.2.PDF", "Rapport v1.2", "Rapport v1.2.pdf"),
        ("Rapport.docx", "Rapport", "Rapport.pdf"),
        (".pdf", "pdf", "pdf.pdf"),
        ("nul", "nul", "_nul.pdf"),
    ],
)
def test_only_an_ending_is_cut_from_a_name(people, upload, name, title, kept):
    item = upload(people.member, PDF, name)
    assert (item.title, item.file_name) == (title, kept)


def test_a_text_keeps_a_harmless_ending_of_its_own(people, upload, client_for):
    for ending in ("json", "ics", "vcf", "srt", "vtt", "eml", "tsv", "log", "yml", "ini", "tex", "rst"):
        item = upload(people.member, b"du texte", f"données v1.{ending.upper()}")
        assert (item.title, item.file_name) == ("données v1", f"données v1.{ending}")
        assert item.media_type == "text/plain" and item.file.endswith(".txt")
    answer = client_for(people.member).get(f"/library/{item.pk}/download/")
    assert answer["Content-Type"].startswith("text/plain") and answer["Content-Disposition"].startswith("attachment")
    for name in ("a.html", "a.svg", "a.xml", "a.js", "a.bat", "a.hta"):
        assert upload(people.member, b"du texte", name).file_name in ("a.txt", "a.js.txt")
    assert upload(people.member, PNG, "a.json").file_name == "a.png"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.png"),
        ("..\\..\\boot.ini", "boot.png"),
        ("/absolu/photo.png", "photo.png"),
        ("a\x00b\r\nX: y.png", "ab X y.png"),
        ("photo\u202egnp.exe", "photognp.png"),
        ("famille 👨‍👩‍👧 🏴󠁧󠁢󠁳󠁣󠁴󠁿.png", "famille 👨‍👩‍👧 🏴󠁧󠁢󠁳󠁣󠁴󠁿.png"),
        ("caché\U000e0041\u2066\ufeff.png", "caché.png"),
        ("می\u200cخواهم.png", "می\u200cخواهم.png"),
        ("...", "fichier.png"),
        ("", "fichier.png"),
        ("x" * 500 + ".png", "x" * 176 + ".png"),
        ("😀" * 69 + ".png", "😀" * 44 + ".png"),
        ("CON.png", "_CON.png"),
        ("Contrat M. Dupont-Durand", "Contrat M. Dupont-Durand.png"),
        ("le %22bon%22 devis.png", 'le "bon" devis.png'),
    ],
)
def test_names_are_only_words(people, upload, kept_files, name, kept):
    item = upload(people.member, PNG, name)
    assert item.file_name.replace(":", "") == kept
    (path,) = kept_files()
    assert path.parent.name == str(item.pk)


def test_an_empty_file_is_refused(people, upload, kept_files):
    with pytest.raises(UploadRefused) as refused:
        upload(people.member, b"", "a.png")
    assert refused.value.code == "empty"
    assert not Item.objects.exists() and kept_files() == []


def test_a_file_above_the_size_of_its_kind_is_refused(people, upload, kept_files, settings):
    settings.MAX_UPLOAD_BYTES = {"image": 50, "audio": 50, "video": 1000, "document": 50}
    with pytest.raises(UploadRefused) as refused:
        upload(people.member, PNG, "a.png")
    assert refused.value.code == "too_large"
    assert "50" in refused.value.message
    assert not Item.objects.exists() and kept_files() == []


@pytest.fixture
def room(people):
    def set_limit(size):
        Entitlement.objects.filter(plan_id="pro", key="storage").update(limit=size)
        entitlements.forget_all()

    return set_limit


def test_storage_of_the_plan(people, upload, kept_files, room):
    room(Decimal(len(PNG)))
    upload(people.member, PNG, "a.png")
    with pytest.raises(UploadRefused) as refused:
        upload(people.member, PNG, "b.png")
    assert refused.value.code == "storage_full"
    assert "Pro" in refused.value.message and "octets" in refused.value.message
    assert Item.objects.count() == 1 and len(kept_files()) == 1
    room(None)
    upload(people.member, PNG, "b.png")


def test_room_is_asked_again_under_the_lock(people, upload, kept_files, room, monkeypatch):
    """Another upload took the room while the bytes travelled."""
    real = files.store

    def store_while_another_comes(*args):
        room(Decimal(1))
        return real(*args)

    monkeypatch.setattr(files, "store", store_while_another_comes)
    with pytest.raises(UploadRefused):
        upload(people.member, PNG, "a.png")
    assert not Item.objects.exists() and kept_files() == []


def test_a_failure_takes_the_file_away_again(people, upload, kept_files, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(uploads.audit, "record", fail)
    with pytest.raises(RuntimeError):
        upload(people.member, PNG, "a.png")
    assert kept_files() == []


def test_the_page_takes_a_file(people, client_for):
    client = client_for(people.member)
    sent = {"file": SimpleUploadedFile("a.png", PNG, "text/html"), "title": "Ma photo", "visibility": "workspace"}
    answer = client.post("/library/upload/", sent)
    item = Item.objects.get()
    assert answer.status_code == 302 and str(item.pk) in answer["Location"]
    assert (item.title, item.visibility, item.media_type) == ("Ma photo", "workspace", "image/png")


def test_the_page_refuses_and_keeps_what_was_typed(people, client_for):
    sent = {
        "file": SimpleUploadedFile("a.png", HOSTILE["html.png"], "image/png"),
        "title": "Ma photo",
        "visibility": "workspace",
    }
    answer = client_for(people.member).post("/library/upload/", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "n’est pas accepté" in page and 'value="Ma photo"' in page
    assert client_for(people.member).post("/library/upload/", {}).status_code == 422
    assert not Item.objects.exists()


def test_files_of_a_deleted_workspace_are_gone(people, upload, kept_files, on_commit):
    from tenants.context import tenant_context

    upload(people.member, PNG, "a.png")
    with tenant_context(people.away):
        kept = upload(people.stranger, PNG, "b.png")
    with on_commit(execute=True):
        services.delete_files_of_workspace(people.home)
    assert kept_files() == []
    assert files.storage().exists(kept.file)
    with on_commit(execute=True):
        services.delete_files_of_workspace(people.home)


@pytest.mark.parametrize("prefix", ["", "tenants", "tenants/", "/", "tenants/..", "../x"])
def test_nothing_but_a_workspace_is_deleted(prefix):
    with pytest.raises(ValueError, match="prefix"):
        files.remove_all_of(prefix)


def test_a_storage_that_fails_is_tried_again_by_a_job(people, monkeypatch, on_commit):
    asked = []

    def fail(prefix):
        raise OSError("no storage")

    monkeypatch.setattr(files, "remove_all_of", fail)
    monkeypatch.setattr(deletion, "enqueue", lambda name, **kwargs: asked.append((name, kwargs)))
    with on_commit(execute=True):
        services.delete_files_of_workspace(people.home)
    assert asked == [("library.files.remove_all_of", {"prefix": people.home.file_prefix})]
