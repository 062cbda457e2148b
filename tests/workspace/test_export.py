"""Export of a person's contents: complete, without other contents, in every state of the workspace."""

import contextlib
import hashlib
import io
import json
import random
import sys
import threading
import time
import zipfile
from decimal import Decimal
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from conversations.models import Conversation, Message
from library import files, services
from library.models import Item
from tenants.exporting import Part
from tenants.models import Tenant
from tests.library.samples import PNG
from workspace.export import archive, sending

PAGE, DOWNLOAD = "/settings/data/", "/settings/data/download/"


@pytest.fixture(autouse=True)
def no_active_turns():
    """Answers that other tests never read to their end are under way for this process."""
    sending._active_turns.clear()


@pytest.fixture
def conversation(people):
    """A conversation of a person, with a question and an answer."""
    from assistants.models import Assistant

    def create(author, title="Budget", visibility="private", text="Bonjour"):
        row = Conversation.objects.create(
            author=author, assistant=Assistant.objects.first(), title=title, visibility=visibility
        )
        Message.objects.create(conversation=row, role="user", text=text)
        Message.objects.create(
            conversation=row, role="assistant", text=f"Réponse à {text}", model="m", tokens=3, cost=Decimal("0.0012")
        )
        Message.objects.create(conversation=row, role="assistant", text="remplacée", replaced_at=row.created_at)
        return row

    return create


def upload(person, name="photo.png", **more) -> Item:
    return services.item_upload(author=person, file=io.BytesIO(PNG), name=name, size=len(PNG), **more)


def read_archive(response) -> zipfile.ZipFile:
    assert response.status_code == 200, response.status_code
    assert response["Content-Type"] == "application/zip"
    # The client closes the response at its end, as a server does.
    archive_file = zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    assert archive_file.testzip() is None
    return archive_file


def manifest(archive_file: zipfile.ZipFile) -> dict:
    return json.loads(archive_file.read("manifest.json"))


def test_export_has_all_readable_contents_and_nothing_else(people, conversation, client_for):
    conversation(people.member, "Le mien")
    conversation(people.admin, "Partagé", visibility="workspace")
    conversation(people.admin, "Secret de l’admin")
    upload(people.member, "à moi.png")
    upload(people.admin, "privé.png")
    upload(people.admin, "commun.png", visibility="workspace")
    archive_file = read_archive(client_for(people.member).post(DOWNLOAD))
    names = "\n".join(archive_file.namelist())
    for seen in ("Le mien.md", "Le mien.json", "Partagé.md", "à moi.png", "commun.png", "index.html"):
        assert seen in names
    contents = names + "".join(archive_file.read(name).decode(errors="replace") for name in archive_file.namelist())
    assert "Secret" not in contents and "privé" not in names
    text = next(archive_file.read(name).decode() for name in archive_file.namelist() if name.endswith("Le mien.md"))
    assert "Bonjour" in text and "Réponse à Bonjour" in text and "remplacée" not in text
    plain = json.loads(
        next(archive_file.read(name) for name in archive_file.namelist() if name.endswith("Le mien.json"))
    )
    assert plain["messages"][1] | {"id": "", "created_at": ""} == {
        "id": "", "role": "assistant", "state": "done", "text": "Réponse à Bonjour", "created_at": "",
        "model": "m", "tokens": 3, "cost_euros": "0.001200000000", "stopped": False, "error": "", "image_item": None,
    }  # fmt: skip
    listed = manifest(archive_file)
    assert listed["private_to_others"] == {"conversations": 1, "library": 1}
    for entry in listed["files"]:
        data = archive_file.read(entry["name"])
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["size"], entry["sha256"])
    assert next(archive_file.read(name) for name in archive_file.namelist() if name.endswith("à moi.png")) == PNG
    entry = AuditEntry.objects.get(action="data.exported")
    assert (entry.actor, entry.target) == (people.member.email, people.member.email)


@pytest.mark.parametrize(
    ("state", "person", "status"),
    [
        ("suspended", "member", 200),
        ("suspended", "owner", 200),
        ("closed", "owner", 200),
        ("closed", "member", 403),
        ("active", "learner", 403),
        ("active", "promoter", 403),
    ],
)
def test_export_by_state_and_role(people, conversation, client_for, state, person, status):
    conversation(people.owner, "Du propriétaire", visibility="workspace")
    Tenant.objects.filter(pk=people.home.id).update(state=state)
    client = client_for(getattr(people, person))
    assert client.get(PAGE).status_code == status
    response = client.post(DOWNLOAD)
    assert response.status_code == status
    if status == 200:
        assert any("Du propriétaire" in name for name in read_archive(response).namelist())
    assert AuditEntry.objects.filter(action="data.exported").count() == (status == 200)


def test_anonymous_and_foreign_sessions_are_redirected_to_sign_in(people, conversation, client_for):
    conversation(people.member)
    for client in (client_for(), client_for(people.stranger, host=people.home.domain)):
        response = client.post(DOWNLOAD)
        assert response.status_code == 302 and "/login" in response["Location"]
    assert not AuditEntry.objects.filter(action="data.exported").exists()


def test_download_requires_post(people, client_for):
    assert client_for(people.member).get(DOWNLOAD).status_code == 405


def test_file_names_are_safe_and_unique(people, conversation, client_for):
    for title in ("../../etc/passwd", "Rapport", "RAPPORT", "rapport", "a/b\\c:d", "é" * 120):
        conversation(people.member, title)
    names = read_archive(client_for(people.member).post(DOWNLOAD)).namelist()
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert name.count("/") <= 1 and ".." not in name.split("/") and "\\" not in name and ":" not in name
    assert sum("rapport" in name.casefold() and name.endswith(".md") for name in names) == 3


def test_lost_file_is_listed_as_missing(people, client_for):
    lost, present = upload(people.member, "perdu.png"), upload(people.member, "là.png")
    files.discard(lost.file)
    archive_file = read_archive(client_for(people.member).post(DOWNLOAD))
    assert ["perdu" in name for name in manifest(archive_file)["missing"]] == [True]
    assert any("là.png" in name for name in archive_file.namelist()) and not any(
        "perdu.png" in n for n in archive_file.namelist()
    )
    assert "perdu" in archive_file.read("index.html").decode()
    assert present.size == len(PNG)


def test_conversation_as_markdown_separates_its_messages(people, conversation, client_for):
    """An answer cut off in a code block, and one with headings of its own."""
    row = conversation(people.member, "# Budget *2026*")
    first = row.messages.order_by("id").first()
    assert first is not None
    Message.objects.filter(pk=first.pk).update(text="## Une partie\n\n```python\n# note\nfor x in")
    archived = read_archive(client_for(people.member).post(DOWNLOAD))
    (name,) = [name for name in archived.namelist() if name.endswith(".md")]
    lines = archived.read(name).decode().splitlines()
    assert lines[0] == r"# \# Budget \*2026\*"
    assert [line for line in lines if line.startswith("## ")] and "#### Une partie" in lines and "# note" in lines
    assert sum(line.startswith("```") for line in lines) == 2


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "learner"}])
def test_rights_lost_between_batches_abort_the_archive(people, conversation, client_for, monkeypatch, change):
    monkeypatch.setattr(archive, "BATCH", 1)
    for number in range(3):
        conversation(people.member, f"Numéro {number}")
    response = client_for(people.member).post(DOWNLOAD)
    blocks = iter(response.streaming_content)
    got = [next(blocks)]
    type(people.member).objects.filter(pk=people.member.pk).update(**change)
    with pytest.raises(archive.RightsLost):
        got.extend(blocks)
    assert not sending._active_turns
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(got)))


@pytest.mark.parametrize("ends", ["account", "session", "sharing"])
def test_rights_lost_within_a_file_abort_the_archive(people, client_for, monkeypatch, ends):
    """A film takes minutes; a batch of texts is asked for once."""
    monkeypatch.setattr(archive, "RECHECK_SECONDS", 0.0)
    film = PNG + random.Random(1).randbytes(4_000_000)
    item = services.item_upload(
        author=people.member, file=io.BytesIO(film), name="a.png", size=len(film), visibility="workspace"
    )
    client = client_for(people.admin)
    blocks = iter(client.post(DOWNLOAD).streaming_content)
    got = [next(blocks)]
    if ends == "account":
        type(people.admin).objects.filter(pk=people.admin.pk).update(is_active=False)
    elif ends == "session":
        client.logout()
    else:
        Item.objects.filter(pk=item.pk).update(visibility="private")
    with pytest.raises(archive.RightsLost):
        got.extend(blocks)
    assert sum(map(len, got)) < 1_000_000


def test_item_unshared_during_the_export_is_left_out(people, conversation, client_for, monkeypatch):
    monkeypatch.setattr(archive, "RECHECK_SECONDS", 0.0)
    conversation(people.admin)
    item = upload(people.member, visibility="workspace")
    response = client_for(people.admin).post(DOWNLOAD)
    blocks = iter(response.streaming_content)
    got = [next(blocks)]
    Item.objects.filter(pk=item.pk).update(visibility="private")
    got.extend(blocks)
    names = zipfile.ZipFile(io.BytesIO(b"".join(got))).namelist()
    assert not [name for name in names if name.endswith(".png")]


def test_second_export_of_a_person_gets_429_until_the_first_ends(people, conversation, client_for, monkeypatch):
    conversation(people.member)
    client = client_for(people.member)
    first = client.post(DOWNLOAD)
    again = client.post(DOWNLOAD)
    assert (again.status_code, again["Retry-After"]) == (429, "60")
    assert "déjà en route" in again.content.decode()
    monkeypatch.setattr(sending, "MAX_PER_PROCESS", 1)
    full = client_for(people.admin).post(DOWNLOAD)
    assert full.status_code == 503 and "Trop d’exports" in full.content.decode()
    read_archive(first)
    read_archive(client.post(DOWNLOAD))
    assert AuditEntry.objects.filter(action="data.exported").count() == 2


def test_stalled_client_loses_its_turn(people, conversation, client_for, monkeypatch):
    conversation(people.member)
    client = client_for(people.member)
    stalled = client.post(DOWNLOAD)
    blocks = iter(stalled.streaming_content)
    next(blocks)
    monkeypatch.setattr(sending, "monotonic", lambda: time.monotonic() + 61)
    read_archive(client.post(DOWNLOAD))
    with pytest.raises(sending.TurnLost):
        list(blocks)


class Clock:
    """Seconds, as a test block_taken them."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(sending, "monotonic", clock)
    return clock


def random_requester(tenant_id=None):
    return SimpleNamespace(id=tenant_id or uuid4()), SimpleNamespace(pk=uuid4())


def test_only_clients_below_the_minimum_speed_are_stalled(clock):
    waits, sips, reads = (sending.take_turn(*random_requester()) for _ in range(3))
    for _ in range(20):
        # A block a minute; one that a slow line takes; one that our disk, not the reader, is late with.
        for turn, size, seconds in ((sips, 1024, 59), (reads, 4 * 1024 * 1024, 59), (waits, 1024, 0)):
            turn.block_offered(b"x" * size)
            clock.now += seconds
            turn.block_taken()
        clock.now += 300
    assert [turn.is_stalled() for turn in (waits, sips, reads)] == [False, True, False]
    sending.take_turn(*random_requester())
    with pytest.raises(sending.TurnLost):
        sips.block_taken()
    waits.block_taken()


def test_exports_of_one_workspace_are_limited(clock):
    home = uuid4()
    for _ in range(sending.MAX_PER_WORKSPACE):
        sending.take_turn(*random_requester(home))
    with pytest.raises(sending.TooManyExports):
        sending.take_turn(*random_requester(home))
    assert sending.take_turn(*random_requester())


def test_concurrent_requests_of_a_person_get_one_turn():
    requester, barrier, turns = random_requester(), threading.Barrier(6), []

    def take() -> None:
        barrier.wait()
        for _ in range(200):
            with contextlib.suppress(sending.TooManyExports):
                turns.append(sending.take_turn(*requester))
                sending.take_turn(*random_requester()).close()

    threads = [threading.Thread(target=take) for _ in range(6)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(turns) == 1


def test_many_equal_titles_get_numbered_names_in_linear_time(people):
    export = archive.Archive(people.home, people.member, timezone.now(), lambda: True)
    # Each looked for among all before it, it would be minutes.
    names = [export._unique_name("conversations", Part(str(key), "Bonjour", "md")) for key in range(20_000)]
    assert len(set(names)) == 20_000 and names[-1] == "conversations/Bonjour (20000).md"
    # The details of a content stand beside it, whatever endings others have.
    pairs = [("a", "png"), ("a", "json"), ("b", "pdf"), ("b", "json")]
    named = [export._unique_name("library", Part(key, "photo", ending)) for key, ending in pairs]
    assert named == ["library/photo.png", "library/photo.json", "library/photo (2).pdf", "library/photo (2).json"]


def test_failure_before_the_first_byte_closes_the_turn(people, client_for, monkeypatch):
    monkeypatch.setattr("workspace.export.views.archive_begin", None)
    with pytest.raises(TypeError):
        client_for(people.member).post(DOWNLOAD)
    assert not sending._active_turns


def test_page_shows_counts_of_exportable_contents(people, conversation, client_for):
    conversation(people.member)
    page = client_for(people.owner).get(PAGE).content.decode()
    assert "1 élément privé d’une autre personne" in page
    assert "élément privé" not in client_for(people.admin).get(PAGE).content.decode()
    assert PAGE in client_for(people.member).get("/").content.decode()
    assert PAGE not in client_for(people.learner).get("/").content.decode()


def test_query_count_does_not_grow_with_contents(people, conversation, client_for):
    client = client_for(people.member)

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            read_archive(client.post(DOWNLOAD))
        return len(seen)

    conversation(people.member)
    upload(people.member)
    count()
    base_count = count()
    for number in range(7):
        conversation(people.member, f"N {number}")
        upload(people.member)
    assert count() == base_count
