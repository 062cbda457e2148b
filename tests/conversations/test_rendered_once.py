"""What was rendered is kept, and no more is rendered than is shown."""

import pytest
from django.core.cache import cache

from conversations import presenters
from library import services as library
from library.models import Item
from tests.conversations.test_conversations import finish, start
from ui import markdown
from ui.markdown import MAX_INPUT, render, render_cached

LONG = "Un **mot** de plus. " * 100


@pytest.fixture
def rendered(monkeypatch):
    counted = []

    def counting(text, **options):
        counted.append(text)
        return render(text, **options)

    monkeypatch.setattr(markdown, "render", counting)
    return counted


def test_a_text_is_rendered_once_and_another_version_of_the_renderer_anew(people, rendered, monkeypatch):
    cache.clear()
    assert render_cached(LONG) == render_cached(LONG) == render(LONG)
    assert len(rendered) == 1
    assert render_cached(LONG + "!") != render(LONG) and len(rendered) == 2
    monkeypatch.setattr(markdown, "VERSION", markdown.VERSION + 1)
    render_cached(LONG)
    assert len(rendered) == 3


def test_one_article_renders_one_answer(people, client_for, rendered):
    from conversations import services

    conversation, call = start(people.member, "Un")
    finish(call, f"Première. {LONG}")
    call = services.question_ask(author=people.member, conversation=conversation, text="Deux")
    finish(call, f"Seconde. {LONG}")
    cache.clear()
    rendered.clear()
    answer = client_for(people.member).get(f"/conversations/{conversation.pk}/messages/{call.answer_id}/")
    assert answer.status_code == 200 and "Seconde" in answer.content.decode()
    assert rendered == [f"Seconde. {LONG}"]


def test_a_link_to_a_text_of_any_length_is_shown_without_rendering_it_again(people, client_for, rendered):
    _conversation, call = start(people.member, "Un")
    finish(call, "Texte")
    item = Item.objects.get()
    share = library.share_create(item=item, actor=people.member, days=7)
    from library.selectors import share_token

    address = f"/library/s/{share_token(share)}/"
    for text, times in (("*a* " * 40_000, 1), ("*a* " * (MAX_INPUT // 3), 0)):
        Item.objects.filter(pk=item.pk).update(text=text)
        cache.clear()
        rendered.clear()
        for _ in range(2):
            answer = client_for(None).get(address)
            assert answer.status_code == 200
        assert len(rendered) == times
    assert "<em>" not in answer.content.decode() and "*a* *a*" in answer.content.decode()
    assert presenters.render_cached is render_cached
