"""A kind of content for tests: what it was asked, and what it does."""

from django.http import HttpResponse
from django.test import Client

from tenants.content.addresses import content_address
from tenants.content.types import Content, Restrictions
from tenants.context import peek

KIND = "test.note"
OPENER = "tests.tenants.notes.open_note"
asked = []
# The last one is done instead.
acts = []


def open_note(note):
    """Kind `test.note`: says what it was asked for."""
    asked.append(note)
    if acts:
        return acts[-1](note)
    response = HttpResponse(f"{note.object_id} {note.path} {peek().slug}")
    response.set_cookie("taken", "1")
    return Content(response, Restrictions({"img-src": "data:"}, frozenset({"allow-scripts"})))


def split(url):
    """Host without its port, and path, of an absolute address."""
    host, _, path = url.partition("//")[2].partition("/")
    return host.partition(":")[0], f"/{path}"


def opened(url, method="get", host="", **headers):
    """The answer at an address, as a browser asks for it."""
    name, path = split(url)
    client = Client(headers={"host": host or name} | headers, raise_request_exception=False)
    return getattr(client, method)(path)


def note(object_id="n1", **fields):
    """The address of a note."""
    return content_address(KIND, object_id, **fields).url
