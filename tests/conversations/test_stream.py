"""A stream ends with all of the text, however late the log was."""

import pytest

from conversations.answer_log import Entry
from conversations.models import Message
from tests.conversations.tabs import TEXT, all_of, end, tab_of, text_of, write_log
from tests.conversations.test_conversations import start

pytestmark = pytest.mark.usefixtures("in_this_thread")


def test_text_missing_in_the_log_is_sent_before_the_end(people, request_of):
    """The row is saved and its last words are still on their way to the log: on a slow machine one tab in three."""
    _conversation, call = start(people.member)
    tab = tab_of(request_of(people.member), call)
    write_log(call, Entry("12-1", "delta", {"text": TEXT[:12], "at": 0}))
    end(call)
    events = all_of(tab)
    assert text_of(events) == TEXT
    assert (events[-1][0], events[-1][1]["state"], events[-1][1]["length"]) == ("done", "done", len(TEXT))


def test_an_end_in_the_log_without_the_last_words_brings_them(people, request_of):
    _conversation, call = start(people.member)
    tab = tab_of(request_of(people.member), call)
    done = Entry(f"{len(TEXT)}-1", "done", {"state": "done", "length": len(TEXT)})
    write_log(call, Entry("12-1", "delta", {"text": TEXT[:12], "at": 0}), done)
    end(call)
    assert text_of(all_of(tab)) == TEXT


def test_a_gap_in_the_log_is_filled_from_the_row(people, request_of):
    _conversation, call = start(people.member)
    tab = tab_of(request_of(people.member), call)
    write_log(
        call,
        Entry("12-1", "delta", {"text": TEXT[:12], "at": 0}),
        Entry("30-1", "delta", {"text": TEXT[20:30], "at": 20}),
        Entry("30-2", "block", {"html": "<p>x</p>", "rest": ""}),
    )
    end(call)
    events = all_of(tab)
    assert [kind for kind, _data, _id in events] == ["delta", "delta", "done"] and text_of(events) == TEXT


@pytest.mark.parametrize("after", ["0", "17", "17-3", f"{len(TEXT)}-1", f"{10**14}-0"])
def test_a_reconnected_tab_receives_the_rest_from_the_row(people, request_of, after):
    _conversation, call = start(people.member)
    end(call)
    events = all_of(tab_of(request_of(people.member), call, after))
    assert text_of(events) == TEXT[int(after.partition("-")[0]) :]
    assert events[-1][0] == "done"


def test_the_end_carries_the_article_as_the_page_would_show_it(people, request_of, client_for):
    conversation, call = start(people.member)
    tab = tab_of(request_of(people.member), call)
    end(call, "Un **texte**")
    done = all_of(tab)[-1][1]
    assert f'id="m-{call.answer_id}"' in done["html"] and "<strong>texte</strong>" in done["html"]
    assert 'data-state="done"' in done["html"] and "data-retry" in done["html"]
    # The open details follow: they said 0 tokens until the page was loaded again.
    details = done["html"].split('id="conversation-details"')[1]
    tokens = Message.objects.get(pk=call.answer_id).tokens
    assert 'hx-swap-oob="true"' in details and tokens > 0 and f">{tokens}</dd>" in details
    page = (
        client_for(people.member).get(f"/conversations/{conversation.pk}/messages/{call.answer_id}/").content.decode()
    )
    assert _without_token(page) == _without_token(done["html"])


def _without_token(html):
    import re

    return re.sub(r'value="[A-Za-z0-9]{64}"', "", html).strip()
