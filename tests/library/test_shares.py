"""Links: what they open, for how long, and what they do not open."""

import datetime as dt
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from library import selectors, services
from library.models import Share
from library.types import ShareGone
from tenants.context import tenant_context
from tenants.signing import sign
from tests.library.samples import PNG


@pytest.fixture
def link(people):
    def make(item, days=7):
        share = services.share_create(item=item, actor=people.member, days=days)
        return share, f"/library/s/{selectors.share_token(share)}/"

    return make


def opens(client, path):
    return client.get(path).status_code == 200


def test_a_link_opens_the_item_without_an_account(people, answer, client_for, link):
    share, path = link(answer(people.member, text="Le **texte**", title="Le titre", provenance={"assistant": "A"}))
    page = client_for(None).get(path)
    html = page.content.decode()
    assert page.status_code == 200
    assert "Le titre" in html and "<strong>texte</strong>" in html
    assert "Créé avec une IA" in html and "noindex" in html
    assert "Member" not in html and people.member.email not in html
    assert page["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page["X-Robots-Tag"]
    assert "no-store" in page["Cache-Control"]
    share.refresh_from_db()
    assert share.opens == 1


def test_a_link_opens_the_file_and_the_download(people, upload, answer, client_for, link):
    _share, path = link(upload(people.member, PNG, "a.png"))
    client = client_for(None)
    assert b"".join(client.get(f"{path}file/").streaming_content) == PNG
    got = client.get(f"{path}download/")
    assert got["Content-Disposition"].startswith("attachment")
    assert got["Referrer-Policy"] == "no-referrer"
    _share, path = link(answer(people.member, text="Mot"))
    assert client.get(f"{path}download/").content == b"Mot"
    assert client.get(f"{path}file/").status_code == 404


def test_head_is_not_an_opening(people, answer, client_for, link):
    share, path = link(answer(people.member))
    assert client_for(None).head(path).status_code == 200
    share.refresh_from_db()
    assert share.opens == 0


def test_a_revoked_link_opens_nothing(people, answer, client_for, link):
    share, path = link(answer(people.member, text="secret"))
    services.share_revoke(share=share, actor=people.member)
    first = share.revoked_at
    services.share_revoke(share=share, actor=people.member)
    share.refresh_from_db()
    assert share.revoked_at == first and share.opens == 0
    for tail in ("", "file/", "download/"):
        page = client_for(None).get(path + tail)
        assert page.status_code == 404
        assert "secret" not in page.content.decode()
    assert AuditEntry.objects.filter(action="library.share_revoked").count() == 1


def test_an_expired_link_opens_nothing(people, answer, client_for, link):
    share, path = link(answer(people.member))
    Share.objects.filter(pk=share.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert not opens(client_for(None), path)
    assert selectors.valid_shares(share.item) == []


def test_an_archived_item_is_not_shared_until_it_is_restored(people, answer, client_for, link):
    share, path = link(answer(people.member))
    services.item_archive(item=share.item)
    assert not opens(client_for(None), path)
    services.item_restore(item=share.item)
    assert opens(client_for(None), path)


def test_links_of_a_suspended_workspace_are_read_uncounted(people, answer, client_for, link, set_state):
    share, path = link(answer(people.member))
    set_state(people.home, "suspended")
    assert opens(client_for(None), path)
    share.refresh_from_db()
    assert share.opens == 0
    set_state(people.home, "closed")
    assert not opens(client_for(None), path)


def test_a_link_is_worthless_next_door(people, answer, client_for, link):
    _share, path = link(answer(people.member))
    assert not opens(client_for(None, host=people.away.domain), path)
    with tenant_context(people.away), pytest.raises(ShareGone):
        services.share_open(token=path.split("/")[3])


@pytest.mark.parametrize("purpose", ["other", "file"])
def test_a_token_of_another_purpose_opens_nothing(people, answer, client_for, link, purpose):
    share, _path = link(answer(people.member))
    assert not opens(client_for(None), f"/library/s/{sign(purpose, str(share.pk))}/")


def test_forged_tokens_open_nothing(people, answer, client_for, link):
    share, path = link(answer(people.member))
    token = path.split("/")[3]
    forged = [
        str(share.pk),
        token[:-1],
        token[::-1],
        "x",
        sign("share", str(share.item_id)),
        sign("share", None),
        sign("share", [1]),
        sign("share", "no-key"),
    ]
    for attempt in forged:
        assert not opens(client_for(None), f"/library/s/{attempt}/")


def test_links_are_made_by_who_may_change_the_item(people, answer, client_for):
    item = answer(people.member)
    published = answer(people.member, visibility="workspace")
    for person, found in ((people.owner, item), (people.instructor, item), (people.instructor, published)):
        assert client_for(person).post(f"/library/{found.pk}/share/", {"days": 7}).status_code == 404
    assert not Share.objects.exists()
    assert client_for(people.owner).post(f"/library/{published.pk}/share/", {"days": 7}).status_code == 302
    assert AuditEntry.objects.get(action="library.share").details["days"] == 7


def test_a_time_that_is_not_offered_is_refused(people, answer, client_for):
    item = answer(people.member)
    for days in ("3650", "0", "-1", "x", ""):
        assert client_for(people.member).post(f"/library/{item.pk}/share/", {"days": days}).status_code == 422
    with pytest.raises(ValueError, match="3650"):
        services.share_create(item=item, actor=people.member, days=3650)
    assert not Share.objects.exists()


def test_the_page_makes_and_revokes_links(people, answer, client_for):
    item = answer(people.member)
    client = client_for(people.member)
    client.post(f"/library/{item.pk}/share/", {"days": 1})
    share = Share.objects.get()
    page = client.get(f"/library/{item.pk}/share/").content.decode()
    address = next(part for part in page.split('"') if "/library/s/" in part)
    assert opens(client_for(None), urlsplit(address).path)
    part = client.post(f"/library/{item.pk}/share/{share.pk}/revoke/", headers={"hx-request": "true"})
    assert "Aucun lien" in part.content.decode() and "<html" not in part.content.decode()
    assert not opens(client_for(None), urlsplit(address).path)


def test_a_link_of_another_item_is_not_revoked_through_mine(people, answer, client_for, link):
    share, _path = link(answer(people.member))
    mine = answer(people.owner)
    assert client_for(people.owner).post(f"/library/{mine.pk}/share/{share.pk}/revoke/").status_code == 404
    share.refresh_from_db()
    assert share.revoked_at is None
