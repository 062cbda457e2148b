"""The hosts on which nothing is but what somebody brought or made: one for each object of each workspace.

`RUCHE_CONTENT_BASE_URL` says where they are, with a star for the label: `https://*.content.example.net`. A label is a
keyed hash of workspace, kind and object: the same each time, told by nothing else, and never that of two objects. So
the browser itself keeps what runs there apart, from the product and from every other object (docs/content-host.md).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

# 160 bits in hexadecimal: a label of the DNS holds 63 characters (RFC 1035).
LABEL_LENGTH: Final = 40
_SHAPE = re.compile(r"(https?)://\*\.([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?")


@dataclass(frozen=True)
class Place:
    """Where the content hosts are: `scheme://LABEL.suffix` and `port`, which begins with a colon or is blank."""

    scheme: str
    suffix: str
    port: str


@lru_cache(maxsize=8)
def place_at(base_url: str) -> Place | None:
    """What a value of `RUCHE_CONTENT_BASE_URL` says; None where it is blank, or no address with a star (ruche.E011)."""
    shape = _SHAPE.fullmatch(base_url)
    return Place(shape[1], shape[2], shape[3] or "") if shape else None


def place() -> Place | None:
    """Where the content hosts of this installation are; None where it has none."""
    return place_at(settings.RUCHE_CONTENT_BASE_URL)


def is_content_host(host: str) -> bool:
    """True for every name at or below the content hosts' suffix, whether an object has it or not. No query."""
    found = place()
    return found is not None and (host == found.suffix or host.endswith(f".{found.suffix}"))


def label_of(tenant_id: UUID, kind: str, object_id: str) -> str:
    """The label of an object: stable while `SECRET_KEY` is."""
    key = f"{tenant_id}|{kind}|{object_id}"
    return salted_hmac("ruche.content.label", key, algorithm="sha256").hexdigest()[:LABEL_LENGTH]


def host_with(label: str) -> str:
    """The host name with a label. Raises `LookupError` where there are no content hosts."""
    found = place()
    if found is None:
        raise LookupError("RUCHE_CONTENT_BASE_URL is not set")
    return f"{label}.{found.suffix}"


def origin_with(label: str) -> str:
    """The origin (scheme, host, port) of a label. Raises `LookupError` where there are no content hosts."""
    host, found = host_with(label), place()
    return f"{found.scheme}://{host}{found.port}" if found else ""
