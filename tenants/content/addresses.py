"""Signed URLs of contents, valid for one workspace, object and host, and for a few minutes."""

import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tenants.content import hosts
from tenants.context import current_tenant
from tenants.signing import BadSignature, sign, unsign_of

PURPOSE: Final = "content"
# Lifetime of a URL: a frame loads at once, but a file may be requested in parts while it is read.
SECONDS: Final = 300


class NoContent(Exception):
    """Raised for an invalid or expired URL; the reason is not distinguished."""


@dataclass(frozen=True)
class Address:
    """URL of a content. `url`: the source of a frame; `origin`: for the `frame-src` of its page."""

    url: str
    origin: str


@dataclass(frozen=True)
class Claim:
    """The verified fields of a URL. `domain`: the host whose pages may frame the content."""

    tenant_id: UUID
    domain: str
    kind: str
    object_id: str
    version: str
    viewer: str
    # Seconds since 1970.
    expires: int


def is_on() -> bool:
    """Whether this installation has content hosts."""
    return hosts.place() is not None


def any_origin() -> str:
    """All content hosts as a CSP source; "" if there are none."""
    return hosts.origin_with("*") if is_on() else ""


def content_address(kind: str, object_id: str, *, version: str = "", viewer: str = "", path: str = "") -> Address:
    """The address of an object of the workspace in context, for the pages of its domain.

    Check permissions before. Raises `LookupError` if there are no content hosts.
    """
    tenant = current_tenant()
    origin = hosts.origin_with(hosts.label_of(tenant.id, kind, object_id))
    expires = int(time.time()) + SECONDS
    token = sign(PURPOSE, [tenant.domain, kind, object_id, version, viewer, expires])
    return Address(f"{origin}/{tenant.id}/{token}/{path}", origin)


def read(host: str, tenant_id: UUID, token: str) -> Claim:
    """What an address says. No query. Raises `NoContent`: forged, of another workspace, on another host, too old."""
    try:
        claim = Claim(tenant_id, *_fields(unsign_of(tenant_id, PURPOSE, token)))
    except (BadSignature, TypeError, ValueError) as error:
        raise NoContent from error
    if host != hosts.host_with(hosts.label_of(tenant_id, claim.kind, claim.object_id)):
        raise NoContent
    if claim.expires <= time.time():
        raise NoContent
    return claim


def _fields(value: Any) -> list[Any]:
    domain, kind, object_id, version, viewer, expires = value
    return [domain, kind, object_id, version, viewer, int(expires)]


def place_of(host: str, path: str) -> str:
    """The id of the workspace of a requested URL, or "unknown" if the URL is invalid. No query.

    For admission (tenants/admission.py): the signature prevents requests in the name of another workspace.
    """
    parts = path.split("/", 3)
    try:
        return str(read(host, UUID(parts[1]), parts[2]).tenant_id)
    except (NoContent, IndexError, ValueError):
        return "unknown"
