"""What an upload keeps: name, size, room of the plan; a refusal or a failure leaves nothing."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditEntry
from analytics.models import DailyFigures
from library import deletion, files, services, uploads
from library.models import Item
from library.types import UploadRefused
from plans import entitlements
from plans.models import Entitlement
from tests.library.samples import HOSTILE, PDF, PNG
from tests.outbox import drained


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
    enqueued = []

    def fail(prefix):
        raise OSError("no storage")

    monkeypatch.setattr(files, "remove_all_of", fail)
    monkeypatch.setattr(deletion, "enqueue", lambda name, **kwargs: enqueued.append((name, kwargs)))
    with on_commit(execute=True):
        services.delete_files_of_workspace(people.home)
    assert enqueued == [(fail, {"prefix": people.home.file_prefix})]
