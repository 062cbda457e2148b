"""Streams in the test's own thread, and requests that open them."""

import pytest
from asgiref.sync import sync_to_async
from django.test import RequestFactory

from conversations import generation, stream
from tenants.context import current_tenant


@pytest.fixture
def in_this_thread(monkeypatch):
    """Database work of async code runs in the test's thread, and so in its transaction."""

    async def here(_tenant, function, *args, **kwargs):
        return await sync_to_async(function)(*args, **kwargs)

    async def nothing():
        pass

    monkeypatch.setattr(stream, "in_thread", here)
    monkeypatch.setattr(generation, "in_thread", here)
    monkeypatch.setattr(stream, "release_request_connection", nothing)
    monkeypatch.setattr(stream, "KEEP_ALIVE_SECONDS", 0.1)


@pytest.fixture
def request_of(client_for, settings):
    def make(person):
        request = RequestFactory().get("/")
        request.urlconf = settings.TENANT_URLCONF
        request.tenant, request.user, request.session = current_tenant(), person, client_for(person).session
        return request

    return make
