"""Files that a browser could run: taken under their own names, shown from a host of their own, downloaded as ever."""

import io
import re
import time

import pytest
from django.test import Client

from accounts.models import Role, User
from library import contents, extraction, files, services, sharing
from library.models import FileText, Item
from library.sniffing import sniff
from library.types import UploadRefused
from tenants.context import tenant_context
from tests.library.samples import ACTIVE, PAGE, PDF, PNG, SVG
from tests.tenants.notes import opened, split

FRAME = re.compile(r'<iframe[^>]* src="([^"]+)"[^>]*>')


@pytest.fixture
def page(people, upload):
    """A page that the whole workspace sees."""
    return upload(people.member, PAGE, "page.html", visibility="workspace")


def frame_of(answer):
    """The tag of a page's one frame, and its address."""
    tags = [(found[0], found[1]) for found in FRAME.finditer(answer.content.decode())]
    assert len(tags) == 1, tags
    return tags[0]


def shown_to(client, item):
    return frame_of(client.get(f"/library/{item.pk}/"))


def body(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


class TestUpload:
    @pytest.mark.parametrize("name", ACTIVE)
    def test_it_is_taken_under_its_own_name_and_downloaded(self, people, upload, client_for, name):
        media_type, content = ACTIVE[name]
        item = upload(people.member, content, name)
        assert (item.media_type, item.kind, item.text) == (media_type, "document", "")
        for path in ("file", "download"):
            answer = client_for(people.member).get(f"/library/{item.pk}/{path}/")
            assert answer["Content-Disposition"].startswith("attachment") and body(answer) == content
            assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")

    def test_another_encoding_is_kept(self, people, upload):
        item = upload(people.member, PAGE.decode().encode("cp1252"), "page.html")
        assert item.media_type == "text/html; charset=windows-1252"

    @pytest.mark.parametrize("ending", ["html", "svg", "xml"])
    @pytest.mark.parametrize("part", [b" ", b"<!---->", b" <!-- -->\n", b"<!--", b"<!doctype svg ["])
    def test_a_beginning_of_blanks_and_comments_is_judged_in_little_time(self, part, ending):
        """An expression that gives back what it took holds the whole process: 400 blanks took six seconds."""
        for size in (400, 60_000):
            began = time.thread_time()
            with pytest.raises(UploadRefused):
                sniff(io.BytesIO(part * (size // len(part)) + b"<!x"), ending)
            assert time.thread_time() - began < 1

    @pytest.mark.parametrize("name", ["page.html", "drawing.svg", "data.xml"])
    def test_its_words_are_found_and_its_scripts_are_not(self, people, upload, name):
        item = upload(people.member, ACTIVE[name][1], name)
        assert extraction.extract(item_id=str(item.pk)) == Item.Reading.DONE
        text = FileText.objects.get(item=item).text
        assert "brouette" in text and "alert" not in text and "rouge" not in text

    def test_words_of_a_page_are_lines_without_marks(self, people, upload):
        item = upload(people.member, PAGE, "page.html")
        extraction.extract(item_id=str(item.pk))
        text = FileText.objects.get(item=item).text
        assert text.split("\n") == ["Brouettes", "Une brouette cévenole & sa roue"]

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"<p title='a > b'>un</p> <P don't>deux", "un deux"),
            (b"1 < 2 <3 & &eacute;", "1 < 2 <3 & \u00e9"),
            (b"un<!-- <b> -- > x --><!-->deux<!---->", "undeux"),
            (b"un<SCRIPT>'</scripty>' <b></SCRIPT >deux<style/>trois", "un deux trois"),
            (b"un<template>x<template>y</template>z</template>deux", "un deux"),
            (b"un<![if !mso]>deux<![endif]><?php x ?></>trois", "undeuxtrois"),
            (b'un<b>deux</b ><a href="x', "undeux"),
            (b'<p a="x>un</p><p>deux</p>', "un deux"),
            (b"un<script>deux", "un"),
            (b"un<!-- deux", "un"),
        ],
    )
    def test_its_words_are_those_a_browser_shows(self, people, upload, body, words):
        item = upload(people.member, b"<!doctype html><html>" + body, "page.html")
        assert extraction.extract(item_id=str(item.pk)) == Item.Reading.DONE
        assert FileText.objects.get(item=item).text.split() == words.split()

    @pytest.mark.parametrize(
        "part",
        [b"<a", b"<!--", b"<?", b"<![CDATA[", b"<a b='", b'<a b=">"', b"</", b"<script>", b"&", b"<a ' =\"", b" ="],
    )
    def test_marks_without_end_are_read_in_little_time(self, people, upload, part):
        """What takes long ends as unreadable, and makes the jobs of everybody wait until then."""
        item = upload(people.member, b"<!doctype html><html>x" + part * (400_000 // len(part)), "page.html")
        assert extraction.extract(item_id=str(item.pk)) == Item.Reading.DONE


class TestFrame:
    @pytest.mark.parametrize(
        ("name", "content", "sandbox"),
        [
            ("page.html", PAGE, 'sandbox="allow-scripts"'),
            ("drawing.svg", SVG, 'sandbox=""'),
            ("data.xml", ACTIVE["data.xml"][1], 'sandbox=""'),
            ("lettre.pdf", PDF, None),
        ],
    )
    def test_it_is_shown_from_a_host_of_its_own(self, people, upload, client_for, name, content, sandbox):
        item = upload(people.member, content, name)
        page = client_for(people.member).get(f"/library/{item.pk}/")
        tag, url = frame_of(page)
        origin = "/".join(url.split("/")[:3])
        assert split(url)[0].endswith(".content.localhost")
        assert f"frame-src {origin};" in page["Content-Security-Policy"] + ";"
        assert (sandbox in tag) if sandbox else ("sandbox" not in tag)
        answer = opened(url)
        assert (answer.status_code, body(answer)) == (200, content)
        # XML as it is written: browsers show its words alone.
        shown = "text/plain" if item.media_type == "application/xml" else item.media_type
        assert answer["Content-Type"].partition(";")[0] == shown
        assert answer["Content-Disposition"].startswith("inline")
        policy = answer["Content-Security-Policy"].split("; ")
        assert "default-src 'none'" in policy and not any("http" in part for part in policy[:-2])
        assert any(part.startswith("sandbox") for part in policy) == bool(sandbox)
        assert ("sandbox allow-scripts" in policy) == (name == "page.html")

    def test_what_is_inert_has_no_frame(self, people, upload, answer, client_for):
        for item in (
            upload(people.member, PNG, "a.png"),
            upload(people.member, b"mots", "a.txt"),
            answer(people.member),
        ):
            page = client_for(people.member).get(f"/library/{item.pk}/")
            assert b"<iframe" not in page.content and "frame-src" not in page["Content-Security-Policy"]

    def test_the_page_of_an_upload_may_show_what_was_uploaded(self, client_for, people, settings):
        """Its script puts the item's page into it: the policy of the first page stays."""
        client = client_for(people.member)
        sources = f"frame-src http://*.content.localhost{settings.BASE_PORT}"
        assert sources in client.get("/library/upload/")["Content-Security-Policy"].split("; ")
        assert "frame-src" not in client.get("/library/")["Content-Security-Policy"]
        settings.RUCHE_CONTENT_BASE_URL = ""
        assert "frame-src" not in client.get("/library/upload/")["Content-Security-Policy"]

    def test_without_content_hosts_it_is_downloaded_only(self, people, page, client_for, settings):
        settings.RUCHE_CONTENT_BASE_URL = ""
        answer = client_for(people.member).get(f"/library/{page.pk}/")
        assert answer.status_code == 200 and b"<iframe" not in answer.content and b"/download/" in answer.content

    def test_parts_head_and_conditions(self, people, upload, client_for):
        item = upload(people.member, PDF, "lettre.pdf")
        url = shown_to(client_for(people.member), item)[1]
        part = opened(url, range="bytes=0-4")
        assert (part.status_code, body(part)) == (206, PDF[:5])
        assert opened(url, range=f"bytes={len(PDF)}-").status_code == 416
        head = opened(url, "head")
        assert (head["Content-Length"], body(head)) == (str(len(PDF)), b"")
        same = opened(url, **{"if-none-match": head["ETag"]})
        assert same.status_code == 304 and "frame-ancestors" in same["Content-Security-Policy"]

    def test_from_a_bucket_the_bytes_still_come_from_the_content_host(self, people, page, client_for, monkeypatch):
        url = shown_to(client_for(people.member), page)[1]
        monkeypatch.setattr(files, "is_local", lambda: False)
        answer = opened(url, range="bytes=0-4")
        assert (answer.status_code, answer["Accept-Ranges"], body(answer)) == (200, "none", PAGE)
        assert "sandbox" in answer["Content-Security-Policy"]

    def test_it_costs_the_person_and_the_item(self, people, page, client_for, django_assert_num_queries):
        url = shown_to(client_for(people.member), page)[1]
        with django_assert_num_queries(2):
            assert opened(url).status_code == 200


class TestRights:
    """An address lives for minutes; a right that ends in them ends it."""

    def end(self, act, person, item):
        if act == "deleted":
            services.item_archive(item=item)
            services.item_delete(item=item, actor=item.author)
        elif act == "private":
            services.item_set_visibility(item=item, visibility="private", actor=item.author)
        elif act == "inactive":
            User.objects.filter(pk=person.pk).update(is_active=False)
        elif act == "role":
            User.objects.filter(pk=person.pk).update(role=Role.LEARNER)
        elif act == "gone":
            User.objects.filter(pk=person.pk).delete()
        else:
            Item.objects.filter(pk=item.pk).update(file=item.file.replace("library", "other"))

    @pytest.mark.parametrize("act", ["deleted", "private", "inactive", "role", "gone", "file"])
    def test_what_is_shown_ends_when_the_right_does(self, people, page, client_for, act):
        url = shown_to(client_for(people.instructor), page)[1]
        assert opened(url).status_code == 200
        self.end(act, people.instructor, page)
        assert opened(url).status_code == 404

    def test_an_archived_item_is_still_its_viewers(self, people, page, client_for):
        url = shown_to(client_for(people.member), page)[1]
        services.item_archive(item=page)
        assert opened(url).status_code == 200

    def test_a_missing_file_is_a_404(self, people, page, client_for):
        url = shown_to(client_for(people.member), page)[1]
        files.remove(page.file)
        assert opened(url).status_code == 404

    @pytest.mark.parametrize("key", ["", "x", "00000000-0000-7000-8000-000000000000"])
    def test_keys_of_nothing_are_a_404(self, people, page, key):
        from tenants.content.addresses import content_address

        version = contents.item_preview(people.member, page).address.url
        assert opened(version).status_code == 200
        good = {"version": contents._version(page), "viewer": str(people.member.pk)}
        assert opened(content_address(contents.ITEM, str(page.pk), **good).url).status_code == 200
        for kind, object_id, fields in (
            (contents.ITEM, key, good),
            (contents.ITEM, str(page.pk), good | {"viewer": key}),
            (contents.ITEM, str(page.pk), good | {"version": key}),
            (contents.ITEM, str(page.pk), good | {"path": "x"}),
            (contents.SHARE, key, good),
            # An item is no link.
            (contents.SHARE, str(page.pk), good),
        ):
            assert opened(content_address(kind, object_id, **fields).url).status_code == 404


class TestLink:
    @pytest.fixture
    def share(self, people, upload):
        item = upload(people.member, PAGE, "page.html")
        return sharing.share_create(item=item, actor=people.member, days=1)

    def show(self, people, share):
        from library import selectors

        with tenant_context(people.home):
            token = selectors.share_token(share)
        return frame_of(Client(headers={"host": people.home.domain}).get(f"/library/s/{token}/"))[1]

    def test_whoever_has_it_sees_the_page(self, people, share):
        answer = opened(self.show(people, share))
        assert (answer.status_code, body(answer)) == (200, PAGE)

    def test_a_link_and_its_item_share_no_origin(self, people, share, client_for):
        assert split(self.show(people, share))[0] != split(shown_to(client_for(people.member), share.item)[1])[0]

    def test_it_ends_with_the_link(self, people, share):
        url = self.show(people, share)
        sharing.share_revoke(share=share, actor=people.member)
        assert opened(url).status_code == 404

    def test_it_rests_with_its_item(self, people, share):
        url = self.show(people, share)
        services.item_archive(item=share.item)
        assert opened(url).status_code == 404
        services.item_restore(item=share.item)
        assert opened(url).status_code == 200
