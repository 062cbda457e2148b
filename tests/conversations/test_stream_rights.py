"""A stream ends when the right to read it does, and one person has so many at most."""

import asyncio

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from accounts import recheck
from conversations import leases, services, stream
from conversations.answer_log import Entry
from conversations.models import Conversation
from tenants.context import current_tenant
from tests.conversations.tabs import end, follow, tab_of, write_log
from tests.conversations.test_conversations import start

pytestmark = pytest.mark.usefixtures("in_this_thread")


def _open_then(tab, act):
    """What a tab is told after `act` was done, while its answer still comes."""

    async def scenario():
        events = []
        following = asyncio.create_task(follow(tab, 8))
        await asyncio.sleep(0.15)
        await sync_to_async(act)()
        events += await following
        return events

    return async_to_sync(scenario)()


@pytest.fixture
def shared(people):
    conversation, call = start(people.member)
    Conversation.objects.filter(pk=conversation.pk).update(visibility="workspace")
    conversation.refresh_from_db()
    leases.hold(leases.LeasedAnswer(current_tenant(), call.answer_id, call.author_id), lambda: None)
    write_log(call, Entry("3-1", "delta", {"text": "abc", "at": 0}))
    yield conversation, call
    leases.release(call.answer_id)


def test_a_stream_ends_when_the_sharing_ends(people, shared, request_of, on_commit):
    conversation, call = shared

    def unshare():
        with on_commit(execute=True):
            services.conversation_share(conversation=conversation, shared=False, actor=people.member)

    events = _open_then(tab_of(request_of(people.admin), call), unshare)
    assert [kind for kind, _data, _id in events] == ["delta", "gone"]


def test_the_authors_stream_continues_after_sharing_ends(people, shared, request_of, on_commit):
    conversation, call = shared

    def unshare():
        with on_commit(execute=True):
            services.conversation_share(conversation=conversation, shared=False, actor=people.member)
        end(call, "abcdef")
        leases.release(call.answer_id)

    events = _open_then(tab_of(request_of(people.member), call), unshare)
    assert [kind for kind, _data, _id in events] == ["delta", "delta", "done"]


@pytest.mark.parametrize("how", ["signed out", "deactivated", "demoted", "closed"])
def test_a_stream_ends_when_access_is_lost(people, shared, request_of, how, monkeypatch):
    _conversation, call = shared
    request = request_of(people.admin)
    person = type(people.admin).objects.filter(pk=people.admin.pk)

    def act():
        if how == "signed out":
            type(request.session)(request.session.session_key).flush()
        elif how == "deactivated":
            person.update(is_active=False)
        elif how == "demoted":
            person.update(role="learner")
        else:
            from dataclasses import replace

            closed = replace(current_tenant(), state="closed")
            monkeypatch.setattr("tenants.selectors.tenant_for_host", lambda _host: closed)
        recheck.publish_change(current_tenant().id)

    events = _open_then(tab_of(request, call), act)
    assert [kind for kind, _data, _id in events] == ["delta", "gone"]


def test_rights_are_checked_periodically_without_a_notification(people, shared, request_of, monkeypatch):
    monkeypatch.setattr(stream, "RECHECK_SECONDS", 0.3)
    conversation, call = shared
    tab = tab_of(request_of(people.admin), call)
    events = _open_then(tab, lambda: Conversation.objects.filter(pk=conversation.pk).update(visibility="private"))
    assert events[-1][0] == "gone"


def test_streams_of_a_person_are_limited(people, shared, client_for, settings):
    conversation, call = shared
    settings.EVENT_STREAMS_PER_PERSON = 1
    path = f"/conversations/{conversation.pk}/messages/{call.answer_id}/stream/"
    stream._open[(current_tenant().id, people.admin.pk)] += 1
    try:
        refused = client_for(people.admin).get(path)
        assert refused.status_code == 429 and refused["Retry-After"]
        assert client_for(people.member).get(path).status_code == 200
    finally:
        stream._open.clear()
