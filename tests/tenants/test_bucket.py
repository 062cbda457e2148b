"""Files in a bucket: nothing is held while it is waited for, one that hangs is left alone and answered with 503."""

import io
import socket
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from botocore.config import Config
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image

from config.settings.files import _bucket_transfer_config
from fakes.bucket import FakeBucket, running
from library import files, services
from tenants import bucket as ours
from tenants.bucket import Bucket, BucketAway
from tests.library.samples import PNG


def at(url: str, **more: Any) -> Bucket:
    return Bucket(
        bucket_name="ruche",
        endpoint_url=url,
        access_key="k",
        secret_key="s",
        region_name="eu-west-3",
        client_config=Config(connect_timeout=1, read_timeout=0.2, retries={"total_max_attempts": 1}),
        transfer_config=_bucket_transfer_config(),
        max_memory_size=1_000_000,
        file_overwrite=False,
        **more,
    )


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    ours.breaker.forget()
    yield
    ours.breaker.forget()


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeBucket]:
    with running() as bucket:
        yield bucket


@pytest.fixture
def place(fake: FakeBucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The storage of workspaces' files is the fake bucket."""
    fake.objects.clear()
    fake.calls.clear()
    fake.fails = 0
    return _use(at(fake.url), monkeypatch)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A bucket that takes connections and says nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    _use(at(f"http://127.0.0.1:{listener.getsockname()[1]}"), monkeypatch)
    yield listener
    listener.close()


def _use(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    monkeypatch.setitem(storages._storages, "default", bucket)
    return bucket


def test_it_keeps_gives_and_forgets(place: Bucket, fake: FakeBucket) -> None:
    name = place.save("tenants/a/x.txt", ContentFile(b"content"))
    assert place.exists(name)
    with place.open(name) as file:
        assert file.read() == b"content"
    place.delete(name)
    assert not place.exists(name)
    with pytest.raises(FileNotFoundError):
        place.open(name)


def test_a_large_file_is_read_through_the_disk(place: Bucket, fake: FakeBucket) -> None:
    fake.objects["/ruche/big"] = b"x" * 3_000_000
    with place.open("big") as file:
        # Fetched when opened, where patience and the breaker are.
        assert fake.calls[-1][0] == "GET" and file.file._rolled
        fake.fails = 500
        assert len(file.read()) == 3_000_000


def test_a_bucket_that_hangs_is_left_alone(silent: socket.socket) -> None:
    for _ in range(2):
        with pytest.raises(BucketAway, match=r"[Tt]imeout"):
            storages["default"].exists("a")
    with pytest.raises(BucketAway, match="not asked"):
        storages["default"].open("a")


def test_one_that_is_not_up_to_it_is_away_too(place: Bucket, fake: FakeBucket) -> None:
    fake.fails = 503
    with pytest.raises(BucketAway):
        place.save("a", ContentFile(b"b"))


def drawn() -> bytes:
    """A picture that can be decoded."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "#0055aa").save(out, "PNG")
    return out.getvalue()


def test_people_are_told_to_come_again_and_nothing_is_done(silent: socket.socket, people: Any, client_for: Any) -> None:
    client = client_for(people.owner)
    client.raise_request_exception = False
    answers = [
        client.post(
            "/library/upload/", {"file": SimpleUploadedFile("a.png", PNG), "title": "A", "visibility": "private"}
        ),
        client.post("/settings/brand/", {"brand_color": "#0055aa", "logo": SimpleUploadedFile("l.png", drawn())}),
    ]
    assert [(answer.status_code, answer["Retry-After"]) for answer in answers] == [(503, "30")] * 2
    assert "momentanément indisponible" in answers[0].content.decode()
    assert services.Item.objects.count() == 0
    assert people.home.brand_hue is None and "#0055aa" not in client.get("/settings/brand/").content.decode()


def test_an_invented_logo_does_not_reach_the_bucket(place: Bucket, fake: FakeBucket, client_for: Any) -> None:
    assert client_for(None).get("/brand/logo/abababababababab.png").status_code == 404
    assert fake.calls == []


@pytest.mark.committed
def test_no_call_holds_a_connection(place: Bucket, fake: FakeBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever asks the storage does so with no connection of its thread."""
    held: list[tuple[str, bool]] = []
    for name in ("_fetch", "_save", "exists", "delete"):
        _watch(monkeypatch, name, held)

    def ask(call: Any) -> None:
        connection.ensure_connection()
        call()

    ask(lambda: place.save("a", File(BytesIO(b"1"))))
    ask(lambda: place.open("a"))
    ask(lambda: place.exists("a"))
    ask(lambda: files.remove("a"))
    assert {name for name, _ in held} == {"_fetch", "_save", "exists", "delete"}
    assert not any(is_held for _, is_held in held)


def _watch(monkeypatch: pytest.MonkeyPatch, name: str, held: list[tuple[str, bool]]) -> None:
    from storages.backends.s3 import S3Storage

    owner = Bucket if name == "_fetch" else S3Storage
    real = getattr(owner, name)

    def watched(self: Any, *arguments: Any) -> Any:
        held.append((name, connection.connection is not None))
        return real(self, *arguments)

    monkeypatch.setattr(owner, name, watched)
