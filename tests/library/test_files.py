"""Private files over HTTP: who gets them, how they are labelled, and parts of them."""

import asyncio
import unicodedata

import pytest
from django.test import AsyncRequestFactory

from library import files, names, services
from library.serving import file_response
from tests.library.samples import PDF, PNG, SOUND

VIDEO = SOUND["video/mp4"]


def body(answer):
    return b"".join(answer.streaming_content)


def test_a_file_comes_with_its_sniffed_type_and_walls(people, upload, client_for):
    item = upload(people.member, PNG, "évil\r\nX-Header: 1.html")
    answer = client_for(people.member).get(f"/library/{item.pk}/file/")
    assert body(answer) == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("inline")
    assert "X-Header" not in answer
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("content", "disposition"), [(b"a;b\n1;2", "attachment"), (PDF, "inline"), (SOUND["audio/mpeg"], "inline")]
)
def test_only_what_browsers_show_safely_is_inline(people, upload, client_for, content, disposition):
    item = upload(people.member, content, "a.csv")
    client = client_for(people.member)
    answer = client.get(f"/library/{item.pk}/file/")
    assert answer["Content-Disposition"].split(";")[0] == disposition
    assert client.get(f"/library/{item.pk}/download/")["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("name", "content", "served"),
    [
        ("a.md", b"texte", "text/markdown; charset=utf-8"),
        ("a.csv", "prénom;ville\nZoé;Sète".encode(), "text/csv; charset=utf-8"),
        ("a.csv", "prénom;ville\nZoé;Sète".encode("cp1252"), "text/csv; charset=windows-1252"),
        ("a.txt", "l’œuvre à 5 €".encode("cp1252"), "text/plain; charset=windows-1252"),
        ("a.txt", b"\xef\xbb\xbf" + "été".encode(), "text/plain; charset=utf-8"),
        # A character cut in two by the blocks it is read in is no other encoding; one cut off at the end is.
        ("a.txt", b"a" * (64 * 1024 - 1) + "é".encode(), "text/plain; charset=utf-8"),
        ("a.txt", "été".encode()[:-1], "text/plain; charset=windows-1252"),
    ],
)
def test_texts_are_served_as_they_are_written(people, upload, client_for, name, content, served):
    item = upload(people.member, content, name)
    answer = client_for(people.member).get(f"/library/{item.pk}/file/")
    assert answer["Content-Type"] == served
    assert answer["Content-Disposition"].startswith("attachment")
    assert b"".join(answer) == content
    words = content.removeprefix(b"\xef\xbb\xbf").decode(served.partition("charset=")[2])
    assert item.text == words
    assert client_for(people.member).get(f"/library/{item.pk}/").status_code == 200


@pytest.mark.parametrize("person", ["owner", "instructor", "stranger", None])
def test_a_private_file_is_given_to_nobody_else(people, upload, client_for, person):
    item = upload(people.member, PNG, "a.png")
    client = client_for(getattr(people, person) if person else None)
    for path in ("file", "download"):
        answer = client.get(f"/library/{item.pk}/{path}/")
        assert answer.status_code == (404 if person else 302)
        assert PNG not in b"".join(answer)


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=10-", 10, len(VIDEO) - 1),
        ("bytes=-5", len(VIDEO) - 5, len(VIDEO) - 1),
        ("bytes=0-999999", 0, len(VIDEO) - 1),
        ("bytes=-999999", 0, len(VIDEO) - 1),
    ],
)
def test_a_part_of_a_file(people, upload, client_for, header, first, last):
    item = upload(people.member, VIDEO, "a.mp4")
    answer = client_for(people.member).get(f"/library/{item.pk}/file/", headers={"range": header})
    assert answer.status_code == 206
    assert body(answer) == VIDEO[first : last + 1]
    assert answer["Content-Range"] == f"bytes {first}-{last}/{len(VIDEO)}"
    assert answer["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("header", [f"bytes={len(VIDEO)}-", "bytes=-0"])
def test_a_part_that_is_not_there(people, upload, client_for, header):
    item = upload(people.member, VIDEO, "a.mp4")
    answer = client_for(people.member).get(f"/library/{item.pk}/file/", headers={"range": header})
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(VIDEO)}"


@pytest.mark.parametrize(
    "header", ["bytes=5-1", "bytes=0-1,3-4", "bytes=-", "lines=0-1", "bytes=a-b", "bytes=" + "9" * 40]
)
def test_a_range_that_means_nothing_gets_the_whole(people, upload, client_for, header):
    item = upload(people.member, VIDEO, "a.mp4")
    answer = client_for(people.member).get(f"/library/{item.pk}/file/", headers={"range": header})
    assert answer.status_code == 200
    assert body(answer) == VIDEO
    assert answer["Accept-Ranges"] == "bytes"


def test_conditions(people, upload, client_for):
    item = upload(people.member, VIDEO, "a.mp4")
    client, path = client_for(people.member), f"/library/{item.pk}/file/"
    etag = client.get(path)["ETag"]
    assert client.get(path, headers={"if-none-match": etag}).status_code == 304
    assert client.get(path, headers={"if-range": etag, "range": "bytes=0-1"}).status_code == 206
    assert client.get(path, headers={"if-range": '"other"', "range": "bytes=0-1"}).status_code == 200


def test_head_has_the_length_and_no_body(people, upload, client_for):
    item = upload(people.member, VIDEO, "a.mp4")
    answer = client_for(people.member).head(f"/library/{item.pk}/file/")
    assert answer["Content-Length"] == str(len(VIDEO))
    assert body(answer) == b""


def test_a_file_that_is_missing_is_a_404(people, upload, client_for):
    item = upload(people.member, PNG, "a.png")
    files.remove(item.file)
    assert client_for(people.member).get(f"/library/{item.pk}/file/").status_code == 404


def test_an_item_without_a_file_has_none(people, answer, client_for):
    assert client_for(people.member).get(f"/library/{answer(people.member).pk}/file/").status_code == 404


def test_a_text_is_downloaded_as_markdown_or_plain_text(people, answer, client_for):
    item = answer(people.member, text="# L’été", title='Été / "plage" <2027>..')
    client = client_for(people.member)
    for wanted, media_type, ending in (
        ("md", "text/markdown", "md"),
        ("txt", "text/plain", "txt"),
        ("exe", "text/markdown", "md"),
    ):
        got = client.get(f"/library/{item.pk}/download/", {"format": wanted})
        assert got.content.decode() == "# L’été"
        assert got["Content-Type"] == f"{media_type}; charset=utf-8"
        assert got["Content-Disposition"].startswith("attachment")
        assert got["Content-Disposition"].endswith(f"plage%202027.{ending}")


def test_a_storage_elsewhere_gives_a_signed_address(people, upload, client_for, monkeypatch):
    from storages.backends.s3 import S3Storage

    item = upload(people.member, PNG, "photo.png")
    bucket = S3Storage(
        bucket_name="ruche", access_key="k", secret_key="s", region_name="eu-west-3", signature_version="s3v4"
    )
    monkeypatch.setattr(files, "storage", lambda: bucket)
    client = client_for(people.member)
    answer = client.get(f"/library/{item.pk}/file/")
    assert answer.status_code == 302
    assert item.file in answer["Location"]
    for part in (
        "X-Amz-Signature=",
        "X-Amz-Expires=300",
        "response-content-disposition=inline",
        "response-content-type=image",
    ):
        assert part in answer["Location"]
    assert "no-store" in answer["Cache-Control"]
    page = client.get(f"/library/{item.pk}/")
    assert "img-src 'self' data: https://ruche.s3" in page["Content-Security-Policy"]


def test_under_asgi_blocks_come_one_by_one(people, upload):
    """A synchronous iterator would be read whole into memory there."""
    content = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1" + b"0" * 1_000_000
    item = upload(people.member, content, "a.jpg")
    answer = file_response(AsyncRequestFactory().get("/"), item)
    assert answer.is_async

    async def fetch():
        return [block async for block in answer]

    blocks = asyncio.run(fetch())
    assert b"".join(blocks) == content
    assert len(blocks) > 2
    (closer,) = answer._resource_closers
    answer.close()
    assert closer.__self__.closed


def test_nothing_of_a_title_leaves_the_header():
    assert names.name_from_title("..", "md") == "contenu.md"
    assert names.name_from_title("a\nb/c", "md") == "a b c.md"
    assert services.MAX_TITLE == 200


FAMILY, SCOTLAND = "👨‍👩‍👧", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize("seen", ["😀", "é̂", "👋🏽", "❤️", "🇫🇷", "1️⃣", FAMILY, SCOTLAND, "क्ष"])
def test_names_are_cut_by_bytes_and_between_what_is_seen_as_one(seen):
    one = names.plain_line(unicodedata.normalize("NFC", seen))
    for before in range(4):
        for letters in (None, 80):
            kept = names.truncate("a" * before + one * 90, 176, letters).removeprefix("a" * before)
            assert kept and kept == one * (len(kept) // len(one))
        name = names.name_from_title("a" * before + seen * 90, "md")
        assert len(name.encode()) <= names.MAX_BYTES and name.endswith(f"{one}.md")


def test_what_is_seen_as_one_without_end_is_left_out():
    assert names.name_from_title("e" + "\u0302\u0323" * 200, "md") == "contenu.md"


@pytest.mark.parametrize("name", ["CON", "prn", "Aux", "NUL", "COM1", "lpt9", "com¹", "nul.tar", "con ."])
def test_no_name_is_a_device_of_windows(name):
    assert names.name_from_title(name, "md") == f"_{name.rstrip(' .')}.md"
    assert names.name_from_title(f"{name[:3]}sole", "md") == f"{name[:3]}sole.md"
