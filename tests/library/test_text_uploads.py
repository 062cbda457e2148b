"""What is a text by its bytes, in which coding, and what only looks like one."""

import io

import pytest

from library.sniffing import sniff
from library.types import UploadRefused
from tests.library.samples import PNG


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


def test_the_ending_chooses_among_texts_only(people, upload):
    assert upload(people.member, b"a;b\n1;2", "a.csv").media_type == "text/csv"
    for name in ("a.MD", "a.markdown"):
        assert upload(people.member, b"# Titre", name).media_type == "text/markdown"
    page = upload(people.member, b"du texte", "page.html")
    assert (page.media_type, page.file_name) == ("text/plain", "page.txt")
    picture = upload(people.member, PNG, "page.html")
    assert (picture.media_type, picture.file_name) == ("image/png", "page.png")


def test_the_words_of_a_text_are_found(people, upload):
    assert upload(people.member, "L’été".encode("cp1252"), "a.txt").text == "L’été"
    assert upload(people.member, b"\xef\xbb\xbfmot", "a.txt").text == "mot"
