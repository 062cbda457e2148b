"""The pages: handles, roles, htmx parts, hostile texts, and how many queries they take."""

import json

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext

from library import services
from library.models import Item
from tests.library.samples import PNG, SOUND

HX = {"hx-request": "true"}
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](https://tracker.example/p.png)",
    "<svg><animate onbegin=alert(1)>",
    '[x](https://ok.example "\\"onmouseover=alert(1)")',
    "<a href='javascript:alert(1)'>x</a>",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "</textarea><script>alert(1)</script>",
    '<https://a.example/"onclick=alert(1)>',
]


def test_the_list_has_its_handles(people, answer, client_for):
    item = answer(people.member, title="Mon titre", kind="post")
    page = client_for(people.member).get("/library/").content.decode()
    assert f'data-item="{item.pk}" data-kind="post"' in page
    assert 'name="q"' in page and "Mon titre" in page


@pytest.mark.parametrize("person", ["learner", "promoter"])
def test_learners_and_promoters_have_no_library(people, client_for, person, answer):
    item = answer(people.member, visibility="workspace")
    client = client_for(getattr(people, person))
    for path in ("", "upload/", f"{item.pk}/", f"{item.pk}/file/", f"{item.pk}/download/", f"{item.pk}/share/"):
        assert client.get(f"/library/{path}").status_code == 403
    assert client.post(f"/library/{item.pk}/archive/").status_code == 403
    assert Item.objects.get(pk=item.pk).archived_at is None


def test_signed_out_people_are_sent_to_sign_in(client_for):
    assert "/accounts/login/" in client_for(None).get("/library/")["Location"]


def test_a_stranger_meets_404_and_changes_nothing(people, answer, client_for):
    item = answer(people.member, visibility="workspace")
    before = Item.objects.values().get(pk=item.pk)
    client = client_for(people.stranger)
    for path in ("", "edit/", "file/", "download/", "share/"):
        assert client.get(f"/library/{item.pk}/{path}").status_code == 404
    for path in ("edit/", "archive/", "restore/", "visibility/", "share/"):
        assert client.post(f"/library/{item.pk}/{path}", {"visibility": "private"}).status_code == 404
    assert Item.objects.values().get(pk=item.pk) == before


def test_who_may_only_read_changes_nothing(people, answer, client_for):
    item = answer(people.member, visibility="workspace")
    before = Item.objects.values().get(pk=item.pk)
    client = client_for(people.instructor)
    page = client.get(f"/library/{item.pk}/").content.decode()
    assert "Publier" not in page and "Archiver" not in page and "/share/" not in page
    for path in ("edit/", "archive/", "restore/", "visibility/", "share/"):
        sent = {"visibility": "private", "title": "x", "days": 7}
        assert client.post(f"/library/{item.pk}/{path}", sent).status_code == 404
    assert Item.objects.values().get(pk=item.pk) == before


@pytest.mark.parametrize("path", ["archive", "restore", "visibility"])
def test_changes_are_posts(people, answer, client_for, path):
    assert client_for(people.member).get(f"/library/{answer(people.member).pk}/{path}/").status_code == 405


def test_empty_states(people, answer, client_for):
    client = client_for(people.member)
    assert "/conversations/" in client.get("/library/").content.decode()
    assert "La bibliothèque est vide" in client.get("/library/").content.decode()
    answer(people.member)
    assert "Aucun contenu ne correspond" in client.get("/library/?q=introuvable").content.decode()
    assert "Rien n’est archivé" in client.get("/library/?archived=on").content.decode()


def test_filters_of_the_address(people, answer, client_for):
    answer(people.member, title="Un post", kind="post")
    answer(people.member, title="Une analyse", kind="analysis")
    client = client_for(people.member)
    page = client.get("/library/?kind=post&date=today").content.decode()
    assert "Un post" in page and "Une analyse" not in page
    page = client.get("/library/?date=range&since=2020-01-01&until=2020-02-01").content.decode()
    assert "Un post" not in page
    for odd in ("kind=nope", "date=range&since=hier", "page=999", "page=x", "tag=%00", "q=%00", "author=x"):
        assert client.get(f"/library/?{odd}").status_code == 200


def test_htmx_gets_the_results_alone(people, answer, client_for):
    answer(people.member, title="Mon titre")
    client = client_for(people.member)
    part = client.get("/library/", headers=HX)
    assert "Mon titre" in part.content.decode() and "<html" not in part.content.decode()
    assert "HX-Request" in part["Vary"]
    back = client.get("/library/", headers=HX | {"hx-history-restore-request": "true"})
    assert "<html" in back.content.decode()


def queries_of(client, path):
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("query", ["", "?q=réponse"])
def test_queries_do_not_grow_with_the_list(people, answer, client_for, query):
    client = client_for(people.owner)
    client.get("/library/")
    for number in range(5):
        services.item_edit(item=answer(people.member, visibility="workspace"), title=f"Réponse {number}", tags=["a"])
    few = queries_of(client, f"/library/{query}")
    for number in range(25):
        services.item_edit(item=answer(people.owner), title=f"Réponse {number}", tags=["a"])
    assert queries_of(client, f"/library/{query}") == few
    for number in range(20):
        answer(people.owner, title=f"Réponse {number}")
    assert queries_of(client, f"/library/{query}") == few


def test_pages_of_the_list(people, answer, client_for):
    items = [answer(people.member, title=f"Titre {number}") for number in range(31)]
    client = client_for(people.member)
    assert client.get("/library/").content.decode().count("data-item=") == 30
    last = client.get("/library/?page=2").content.decode()
    assert f'data-item="{items[0].pk}"' in last and last.count("data-item=") == 1


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_texts_do_nothing(people, answer, client_for, payload):
    item = answer(people.member, text=payload, title=payload, provenance={"assistant": payload, "model": payload})
    services.item_edit(item=item, title=payload, tags=[payload])
    share = services.share_create(item=item, actor=people.member, days=1)
    from library.selectors import share_token

    client = client_for(people.member)
    for path in ("", f"{item.pk}/", f"{item.pk}/edit/", f"{item.pk}/share/", f"s/{share_token(share)}/", "?q=alert"):
        html = client.get(f"/library/{path}").content.decode()
        for sign in ("<script>alert", "<img src=x", 'href="javascript:', "<a href='javascript:", 'href="data:'):
            assert sign not in html
        assert "<svg><animate" not in html and 'src="https://tracker' not in html
        assert 'onmouseover="' not in html and 'onclick="' not in html


def test_the_page_of_an_item(people, answer, client_for):
    origin = {"assistant": "Créateur de Posts", "prompt_version": "v3", "model": "gpt-6-luna", "cost": "0.0255"}
    item = answer(people.member, text="Le **texte**", visibility="workspace", provenance=origin)
    services.item_edit(item=item, title="Titre", tags=["client"])
    mine = client_for(people.member).get(f"/library/{item.pk}/").content.decode()
    for words in ("<strong>texte</strong>", "Créé avec une IA", *origin.values()):
        assert (words if words != "0.0255" else "0,0255") in mine
    assert f"/conversations/{item.conversation_id}/" in mine and "?tag=client" in mine
    assert "0,0255" in client_for(people.owner).get(f"/library/{item.pk}/").content.decode()
    theirs = client_for(people.instructor).get(f"/library/{item.pk}/").content.decode()
    assert "0,0255" not in theirs
    assert f"/conversations/{item.conversation_id}/" in theirs
    item.conversation.visibility = "private"
    item.conversation.save()
    theirs = client_for(people.instructor).get(f"/library/{item.pk}/").content.decode()
    assert f"/conversations/{item.conversation_id}/" not in theirs


@pytest.mark.parametrize(
    ("content", "element"), [(PNG, "<img"), (SOUND["video/mp4"], "<video"), (SOUND["audio/wav"], "<audio")]
)
def test_files_are_shown(people, upload, client_for, content, element):
    item = upload(people.member, content, "a")
    page = client_for(people.member).get(f"/library/{item.pk}/").content.decode()
    assert element in page and f"/library/{item.pk}/file/" in page
    assert "Créé avec une IA" not in page


def test_edit(people, answer, client_for):
    item = answer(people.member)
    client = client_for(people.member)
    client.post(f"/library/{item.pk}/edit/", {"title": "Nouveau", "tags": "Un, deux,un , "})
    item.refresh_from_db()
    assert (item.title, item.tags) == ("Nouveau", ["un", "deux"])
    refused = client.post(f"/library/{item.pk}/edit/", {"title": "", "tags": "gardé"})
    assert refused.status_code == 422 and 'value="gardé"' in refused.content.decode()
    item.refresh_from_db()
    assert item.title == "Nouveau"


def test_archive_can_be_undone(people, answer, client_for):
    item = answer(people.member, title="Titre")
    client, undo = client_for(people.member), f"/library/{item.pk}/restore/"
    plain = client.post(f"/library/{item.pk}/archive/")
    (message,) = get_messages(plain.wsgi_request)
    assert message.extra_tags == f"undo:{undo}"
    part = client.post(f"/library/{item.pk}/archive/", headers=HX)
    assert json.loads(part["HX-Trigger"])["toast"]["undo"] == undo
    assert Item.objects.get(pk=item.pk).archived_at is not None
    back = client.post(undo, headers={"referer": "https://evil.example/"})
    assert back["Location"] == "/library/"
    assert Item.objects.get(pk=item.pk).archived_at is None


def test_publish_and_take_back(people, answer, client_for):
    item = answer(people.member)
    client = client_for(people.member)
    client.post(f"/library/{item.pk}/visibility/", {"visibility": "workspace"})
    assert client_for(people.instructor).get(f"/library/{item.pk}/").status_code == 200
    assert client.post(f"/library/{item.pk}/visibility/", {"visibility": "public"}).status_code == 400
    taken_back = client_for(people.owner).post(f"/library/{item.pk}/visibility/", {"visibility": "private"})
    assert taken_back["Location"] == "/library/"
    assert client_for(people.instructor).get(f"/library/{item.pk}/").status_code == 404


def test_a_read_only_workspace_is_still_read(people, answer, client_for, set_state):
    item = answer(people.member, text="Le texte")
    set_state(people.home, "suspended")
    client = client_for(people.member)
    page = client.get("/library/").content.decode()
    assert "data-item" in page and "/library/upload/" not in page
    assert client.get(f"/library/{item.pk}/download/").content == b"Le texte"
    assert client.post(f"/library/{item.pk}/archive/").status_code == 403
    assert Item.objects.get(pk=item.pk).archived_at is None


def test_what_is_pasted_into_the_search_is_looked_for(people, client_for, upload):
    """Two cells with their tab, or far too many words: not everything as if it were found."""
    upload(people.member, PNG, "photo.png")
    client = client_for(people.member)
    for query in ("introuvable\tDurand", "mot " * 100):
        assert "Aucun contenu ne correspond" in client.get("/library/", {"q": query}).content.decode()
    assert "photo" in client.get("/library/", {"q": "photo\t"}).content.decode()
