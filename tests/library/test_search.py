"""Finding things again, in both languages, and what is shown of them."""

import datetime as dt

import pytest
from django.utils import timezone

from library import presenters, selectors, services
from library.models import Item
from library.selectors import Filters
from tenants.search import MARK_END, MARK_START, parse


@pytest.fixture
def found(people):
    def look(query="", person=None, **filters):
        rows = selectors.item_list(person or people.member, Filters(query=query, **filters))
        return [row.title for row in rows]

    return look


def test_words_are_found_in_french_and_in_english(people, answer, found):
    answer(people.member, title="Un", text="Les stratégies commerciales de nos clients.")
    answer(people.member, title="Two", text="She was running towards several companies.")
    assert found("stratégie commerciale") == ["Un"]
    assert found("run company") == ["Two"]
    assert found("introuvable") == []


def test_operators(people, answer, found):
    answer(people.member, title="A", text="miel de lavande")
    answer(people.member, title="B", text="miel de sapin")
    assert found("miel -sapin") == ["A"]
    assert found('"miel de sapin"') == ["B"]
    assert set(found("lavande OR sapin")) == {"A", "B"}


def test_beginnings_of_words_and_parts_of_titles(people, answer, found):
    answer(people.member, title="Anticonstitutionnel", text="Développement durable")
    assert found("dévelop") == ["Anticonstitutionnel"]
    assert found("constitution") == ["Anticonstitutionnel"]
    assert found("nel") == ["Anticonstitutionnel"]


def test_tags_are_searched(people, answer, found):
    services.item_edit(item=answer(people.member), title="Étiqueté", tags=["Printemps 2027"])
    assert found("printemps 2027") == ["Étiqueté"]


@pytest.mark.parametrize("query", ["'", '"', "\\", "a & | !", ":*", "<->", "(", "%", "_", "é\x00a", "-", "x" * 5000])
def test_no_query_breaks(people, answer, found, query):
    answer(people.member)
    assert isinstance(found(query), list)


def test_the_best_comes_first(people, answer, found):
    answer(people.member, title="Loin", text="Le budget, une fois.")
    answer(people.member, title="Budget", text="Rien d’autre.")
    answer(people.member, title="Près", text="budget budget budget")
    assert found("budget")[0] == "Budget"
    assert set(found("budget")) == {"Loin", "Budget", "Près"}


def test_filters(people, answer, found):
    answer(people.member, title="Post", kind="post")
    answer(people.owner, title="Publié", visibility="workspace")
    answer(people.owner, title="Caché")
    services.item_edit(item=answer(people.member), title="Étiqueté", tags=["été"])
    old = answer(people.member, title="Ancien")
    Item.objects.filter(pk=old.pk).update(created_at=timezone.now() - dt.timedelta(days=20))
    today = timezone.localdate()
    assert set(found()) == {"Post", "Publié", "Étiqueté", "Ancien"}
    assert found(kind="post") == ["Post"]
    assert found(tag="été") == ["Étiqueté"]
    assert "Publié" not in found(only_own=True)
    assert "Ancien" not in found(since=today - dt.timedelta(days=6))
    assert found(since=today - dt.timedelta(days=21), until=today - dt.timedelta(days=19)) == ["Ancien"]
    assert selectors.tags_in_use(people.member) == ["été"]
    assert selectors.tags_in_use(people.instructor) == []


def test_what_was_found_is_marked_and_everything_else_escaped(people, answer):
    answer(people.member, text='5 < 6 "et" <img src=x onerror=alert(1)> le **budget** & <mark>rien</mark>')
    item = selectors.item_list(people.member, Filters(query="budget")).get()
    shown = presenters.excerpt(item, parse("budget"))
    assert "<mark>budget</mark>" in shown
    assert "5 &lt; 6" in shown and "&amp;" in shown
    assert "<" not in shown.replace("<mark>budget</mark>", "")


def test_an_excerpt_is_escaped(people, answer):
    answer(people.member, text="# <script>alert(1)</script>\n\n- **gras** et <mark>marqué</mark>")
    shown = presenters.excerpt(selectors.item_list(people.member, Filters()).get())
    assert shown == "&lt;script&gt;alert(1)&lt;/script&gt; gras et &lt;mark&gt;marqué&lt;/mark&gt;"


def test_an_english_find_is_marked(people, answer):
    answer(people.member, text="The companies were running.")
    item = selectors.item_list(people.member, Filters(query="company")).get()
    assert "<mark>companies</mark>" in presenters.excerpt(item, parse("company"))


def test_forged_marks_are_dropped():
    forged = f"{MARK_END}a{MARK_START}b{MARK_START}<i>{MARK_END}{MARK_END}{MARK_START}c"
    assert presenters.highlight(forged) == "ab<mark>&lt;i&gt;</mark>c"


@pytest.mark.parametrize("query", ["ete", "creperie", "oeuf", "l’ecole", "l'école", "impayees", "Œufs", "« crêperie »"])
def test_french_typography_hides_no_word(people, answer, found, query):
    answer(people.member, title="Loin", text="Rien de cela.")
    answer(people.member, title="Ici", text="L’été\u00a0: «Crêperie de l’Œuf»… près de l’école—impayées.")
    assert found(query) == ["Ici"]


def test_titles_are_folded_and_come_first(people, answer, found):
    answer(people.member, title="L’Été à l’école", text="Rien.")
    answer(people.member, title="Loin", text="été été été")
    assert found("ete") == ["L’Été à l’école", "Loin"]


def test_a_text_of_very_many_words_is_kept_and_found(people, answer, found):
    """PostgreSQL refuses more than a megabyte of words in one text: 900,000 characters of short ones are more."""
    text = " ".join(f"{number:x}" for number in range(0x10000, 0x10000 + 150_000))
    answer(people.member, title="Tout", text="commencement " + text)
    assert found("commencement") == ["Tout"]
