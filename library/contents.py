"""Previews of files with active content (HTML, SVG, XML, PDF) on the content hosts (tenants/content).

Rights are checked when the address is created and each time it is used: those of the person that it was created for
(an item), or those of the share link.
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
# Only what is in the file itself, so that a file cannot report its readers to another server.
_OWN: Final = {"style-src": "'unsafe-inline'", "img-src": "data: blob:", "font-src": "data:"}
_STILL: Final = Restrictions(_OWN)
_PAGE: Final = Restrictions(
    _OWN | {"script-src": "'unsafe-inline'", "media-src": "data: blob:"}, sandbox=frozenset({"allow-scripts"})
)
# Browsers' PDF viewers do not start in a sandbox.
_PDF: Final = Restrictions({"style-src": "'unsafe-inline'", "img-src": "'self'", "media-src": "'self'"}, sandbox=None)
RESTRICTIONS: Final = {
    "application/pdf": _PDF,
    XML: _STILL,
    "image/svg+xml": _STILL,
    "text/html": _PAGE,
}


@dataclass(frozen=True)
class Preview:
    """A frame on a page. `grants` is the value of its `sandbox` attribute, which is absent unless `is_sandboxed`."""

    address: Address
    is_sandboxed: bool
    grants: str


def item_preview(user: User, item: Item) -> Preview | None:
    """The frame with an item's file for a person who may see the item; None if the file has no preview. No query."""
    return _preview(ITEM, str(item.pk), item, viewer=str(user.pk))


def share_preview(share: Share) -> Preview | None:
    """The frame with the file behind a link; None if the file has no preview. No query."""
    return _preview(SHARE, str(share.pk), share.item)


def preview_origin(preview: Preview | None) -> str:
    """The origin of a preview; blank if there is none."""
    return preview.address.origin if preview else ""


def _preview(kind: str, object_id: str, item: Item, viewer: str = "") -> Preview | None:
    restrictions = _restrictions_of(item)
    if restrictions is None or not is_on():
        return None
    address = content_address(kind, object_id, version=_version(item), viewer=viewer)
    return Preview(address, restrictions.sandbox is not None, " ".join(sorted(restrictions.sandbox or ())))


def _restrictions_of(item: Item) -> Restrictions | None:
    return RESTRICTIONS.get(item.media_type.partition(";")[0]) if item.file else None


def _version(item: Item) -> str:
    """A version of the item's file: the hash of its storage path, which stays secret."""
    return hashlib.sha256(item.file.encode()).hexdigest()[:16]


def open_item(content_request: ContentRequest) -> Content:
    """Kind `library.item`: the file of an item, if the viewer may still see it. Raises Http404."""
    viewer = User.objects.filter(pk=_parse_key(content_request.viewer), is_active=True, role__in=TEAM).first()
    if viewer is None:
        raise Http404("no such person")
    return _content(content_request, selectors.access_item(viewer, _parse_key(content_request.object_id)))


def open_share(content_request: ContentRequest) -> Content:
    """Kind `library.share`: the file behind a link that still opens. Raises Http404."""
    share = selectors.valid_share(_parse_key(content_request.object_id))
    if share is None:
        raise Http404("link gone")
    return _content(content_request, share.item)


def _parse_key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404("no key") from error


def _content(content_request: ContentRequest, item: Item) -> Content:
    restrictions = _restrictions_of(item)
    if restrictions is None or content_request.path or content_request.version != _version(item):
        raise Http404("not this version")
    response = stored_response(content_request.request, item)
    if item.media_type.startswith(XML) and response.status_code in (200, 206):
        # As plain text, since browsers would hide the tags.
        response["Content-Type"] = f"text/plain; charset={item.media_type.partition('charset=')[2] or 'utf-8'}"
    return Content(response, restrictions)
