"""Content hosts: one host name for each object of each workspace, which serve untrusted content only.

`RUCHE_CONTENT_BASE_URL` is their URL with a star for the label: `https://*.content.example.net`. A label is a keyed
hash of workspace, kind and object: stable, unguessable and unique. So the browser isolates a content from the product
and from every other content by its origin (docs/content-host.md).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

# 160 bits in hexadecimal; a DNS label has at most 63 characters (RFC 1035).
LABEL_LENGTH: Final = 40
_SHAPE = re.compile(r"(https?)://\*\.([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?")


@dataclass(frozen=True)
class Place:
    """Location of the content hosts: `scheme://LABEL.suffix` and `port`, which begins with a colon or is ""."""

    scheme: str
    suffix: str
    port: str


@lru_cache(maxsize=8)
def place_at(base_url: str) -> Place | None:
    """Parse a value of `RUCHE_CONTENT_BASE_URL`; None if it is blank or has no star (ruche.E011)."""
    shape = _SHAPE.fullmatch(base_url)
    return Place(shape[1], shape[2], shape[3] or "") if shape else None


def place() -> Place | None:
    """The content hosts of this installation, or None."""
    return place_at(settings.RUCHE_CONTENT_BASE_URL)


def is_content_host(host: str) -> bool:
    """Whether a host name is at or below the suffix of the content hosts. No query."""
    content_hosts = place()
    return content_hosts is not None and (host == content_hosts.suffix or host.endswith(f".{content_hosts.suffix}"))


def label_of(tenant_id: UUID, kind: str, object_id: str) -> str:
    """The label of an object; stable as long as `SECRET_KEY` is unchanged."""
    key = f"{tenant_id}|{kind}|{object_id}"
    return salted_hmac("ruche.content.label", key, algorithm="sha256").hexdigest()[:LABEL_LENGTH]


def host_with(label: str) -> str:
    """The host name with a label. Raises `LookupError` if there are no content hosts."""
    return f"{label}.{_required_place().suffix}"


def origin_with(label: str) -> str:
    """The origin (scheme, host, port) of a label. Raises `LookupError` if there are no content hosts."""
    content_hosts = _required_place()
    return f"{content_hosts.scheme}://{label}.{content_hosts.suffix}{content_hosts.port}"


def _required_place() -> Place:
    content_hosts = place()
    if content_hosts is None:
        raise LookupError("RUCHE_CONTENT_BASE_URL is not set")
    return content_hosts
