"""The palette finds what a person may open, and nothing else."""

import pytest

from conversations.models import Conversation
from library.models import Item

PATH = "/search/"


def labels(response):
    return {entry.label for group in response.context["groups"] for entry in group.entries}


@pytest.fixture
def secrets(people):
    from assistants.models import Assistant

    assistant = Assistant.objects.get(code="general")
    Conversation.objects.create(author=people.member, assistant=assistant, title="Zéphyr privé")
    Conversation.objects.create(
        author=people.member, assistant=assistant, title="Zéphyr partagé", visibility="workspace"
    )
    Item.objects.create(kind="text", title="Zéphyr à moi", author=people.member)
    Item.objects.create(kind="text", title="Zéphyr publié", author=people.member, visibility="workspace")


def test_finds_ones_own_and_what_is_shared(people, client_for, secrets):
    own = labels(client_for(people.member).get(PATH, {"q": "zephyr"}))
    assert own == {"Zéphyr privé", "Zéphyr partagé", "Zéphyr à moi", "Zéphyr publié"}
    assert labels(client_for(people.admin).get(PATH, {"q": "zéphyr"})) == {"Zéphyr partagé", "Zéphyr publié"}
    for person in (people.learner, people.promoter, people.stranger):
        assert labels(client_for(person).get(PATH, {"q": "zéphyr"})) == set()


@pytest.mark.parametrize(("role", "expected"), [("owner", True), ("admin", False), ("member", False)])
def test_pages_are_those_of_the_role(people, client_for, role, expected):
    found = labels(client_for(getattr(people, role)).get(PATH, {"q": "facturation"}))
    assert ("Offre et facturation" in found) is expected


def test_accents_and_case_do_not_matter(people, client_for):
    assert "Préférences de notification" in labels(client_for(people.learner).get(PATH, {"q": "PREFERENCES"}))


def test_every_page_it_offers_opens(people, client_for):
    for role in ("owner", "admin", "instructor", "member", "learner", "promoter"):
        client = client_for(getattr(people, role))
        for group in client.get(PATH).context["groups"]:
            for entry in group.entries:
                assert client.get(entry.url).status_code in (200, 302), (role, entry)


def test_htmx_gets_the_results_alone(people, client_for):
    page = client_for(people.member).get(PATH, {"q": "rien de tel"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page and "Rien ne correspond à « rien de tel »." in page


@pytest.mark.parametrize("query", ["\x00", "%", "'", "a" * 100_000, "«»", "  ", "<script>alert(1)</script>"])
def test_any_query_is_answered(people, client_for, query):
    answer = client_for(people.member).get(PATH, {"q": query})
    assert answer.status_code in (200, 400, 414)
    assert b"<script>alert" not in answer.content


def test_queries_do_not_grow_with_results(people, client_for, django_assert_num_queries, secrets):
    client = client_for(people.member)
    client.get(PATH, {"q": "zephyr"})
    for number in range(20):
        Item.objects.create(kind="text", title=f"Zéphyr {number}", author=people.member)
    with django_assert_num_queries(5):
        client.get(PATH, {"q": "zephyr"})
