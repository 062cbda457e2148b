"""Files that a browser could run, shown from the content hosts (tenants/content): pages, drawings, XML, PDF.

Rights are asked when the address is made, and again each time it is used: as whom it was made for (an item), or as
the link by which it was reached.
"""

import hashlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.http import Http404

from accounts.access import TEAM
from accounts.models import User
from library import selectors
from library.models import Item, Share
from library.serving import stored_response
from tenants.content.addresses import Address, content_address, is_on
from tenants.content.types import Content, ContentRequest, Restrictions

ITEM: Final = "library.item"
SHARE: Final = "library.share"
XML: Final = "application/xml"
# What is written in the file itself, and nothing from elsewhere: no server learns who reads it.
_OWN: Final = {"style-src": "'unsafe-inline'", "img-src": "data: blob:", "font-src": "data:"}
_STILL: Final = Restrictions(_OWN)
_PAGE: Final = Restrictions(
    _OWN | {"script-src": "'unsafe-inline'", "media-src": "data: blob:"}, sandbox=frozenset({"allow-scripts"})
)
# Browsers' PDF viewers do not start in a sandbox.
_PDF: Final = Restrictions({"style-src": "'unsafe-inline'", "img-src": "'self'", "media-src": "'self'"}, sandbox=None)
WALLS: Final = {
    "application/pdf": _PDF,
    XML: _STILL,
    "image/svg+xml": _STILL,
    "text/html": _PAGE,
}


@dataclass(frozen=True)
class Preview:
    """A frame on a page. `is_sandboxed` False: the frame has no `sandbox`; else `grants` is its value."""

    address: Address
    is_sandboxed: bool
    grants: str


def preview_of_item(user: User, item: Item) -> Preview | None:
    """The frame that shows an item's file to a person who has found it; None where it is not shown so. No query."""
    return _preview(ITEM, str(item.pk), item, viewer=str(user.pk))


def preview_of_share(share: Share) -> Preview | None:
    """The frame that shows the file behind a link to whoever has it; None where it is not shown so. No query."""
    return _preview(SHARE, str(share.pk), share.item)


def client_ip(preview: Preview | None) -> str:
    """Where a page's frame comes from; blank where it has none."""
    return preview.address.origin if preview else ""


def _preview(kind: str, object_id: str, item: Item, viewer: str = "") -> Preview | None:
    restrictions = _restrictions_of(item)
    if restrictions is None or not is_on():
        return None
    address = content_address(kind, object_id, version=_version(item), viewer=viewer)
    return Preview(address, restrictions.sandbox is not None, " ".join(sorted(restrictions.sandbox or ())))


def _restrictions_of(item: Item) -> Restrictions | None:
    return WALLS.get(item.media_type.partition(";")[0]) if item.file else None


def _version(item: Item) -> str:
    """Of the item's file: another file has another path, which is not told."""
    return hashlib.sha256(item.file.encode()).hexdigest()[:16]


def open_item(content_request: ContentRequest) -> Content:
    """Kind `library.item`: the file of an item, as long as the person it was shown to may see it. Raises Http404."""
    viewer = User.objects.filter(pk=_key(content_request.viewer), is_active=True, role__in=TEAM).first()
    if viewer is None:
        raise Http404("no such person")
    return _opened(content_request, selectors.access_item(viewer, _key(content_request.object_id)))


def open_share(content_request: ContentRequest) -> Content:
    """Kind `library.share`: the file behind a link, as long as the link opens. Raises Http404."""
    share = selectors.share_open_now(_key(content_request.object_id))
    if share is None:
        raise Http404("link gone")
    return _opened(content_request, share.item)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404("no key") from error


def _opened(content_request: ContentRequest, item: Item) -> Content:
    restrictions = _restrictions_of(item)
    if restrictions is None or content_request.path or content_request.version != _version(item):
        raise Http404("not this version")
    response = stored_response(content_request.request, item)
    if item.media_type.startswith(XML) and response.status_code in (200, 206):
        # As it is written: browsers would show its words alone.
        response["Content-Type"] = f"text/plain; charset={item.media_type.partition('charset=')[2] or 'utf-8'}"
    return Content(response, restrictions)
