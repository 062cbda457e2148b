"""Streams in the test's own thread, and requests that open them."""

import pytest
from asgiref.sync import sync_to_async
from django.test import RequestFactory

from notifications import live
from tenants.context import current_tenant


@pytest.fixture
def in_this_thread(monkeypatch):
    """Database work of the stream runs in the test's thread, and so in its transaction."""

    async def here(_tenant, function, *args):
        return await sync_to_async(function)(*args)

    async def nothing():
        pass

    monkeypatch.setattr(live, "in_thread", here)
    monkeypatch.setattr(live, "release_request_connection", nothing)


@pytest.fixture
def request_of(client_for, settings):
    def make(person):
        request = RequestFactory().get("/notifications/live/")
        request.urlconf = settings.TENANT_URLCONF
        request.tenant, request.user, request.session = current_tenant(), person, client_for(person).session
        return request

    return make
