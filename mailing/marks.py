"""The square logo at the head of a mail: attached when it leaves, so that no mail loads anything from a server."""

import base64
import contextlib
import functools
import io
from email.mime.image import MIMEImage
from typing import Final
from uuid import UUID

from django.core.files.storage import storages
from django.core.mail import EmailMultiAlternatives
from PIL import Image

from tenants.bucket import BucketAway
from tenants.platform import mark as platform_mark
from tenants.platform import platform
from tenants.selectors import logo_of

CONTENT_ID: Final = "mark"
ADDRESS: Final = f"cid:{CONTENT_ID}"
# A logo stored before there were tiles has none: then the mail shows the initial.
_WITH_TILE: Final = "/mark_"


def has_tile(logo: str) -> bool:
    return _WITH_TILE in logo


def attach_mark(message: EmailMultiAlternatives, html: str, tenant_id: UUID | None) -> str:
    """Attach the logo that the HTML names; returns the HTML, without the picture where it cannot be read."""
    if ADDRESS not in html:
        return html
    content = _read(tenant_id)
    if content is None:
        return _without_picture(html)
    picture = MIMEImage(content, "png")
    picture.add_header("Content-ID", f"<{CONTENT_ID}>")
    picture.add_header("Content-Disposition", "inline", filename="logo.png")
    message.mixed_subtype = "related"  # type: ignore[attr-defined]
    message.attach(picture)
    return html


def with_picture(html: str, tenant_id: UUID | None) -> str:
    """The HTML with the logo in itself, for a page of the console."""
    if ADDRESS not in html:
        return html
    content = _read(tenant_id)
    if content is None:
        return _without_picture(html)
    return html.replace(ADDRESS, f"data:image/png;base64,{base64.b64encode(content).decode()}")


def _without_picture(html: str) -> str:
    start = html.find("<img", max(0, html.find(ADDRESS) - 600))
    end = html.find(">", html.find(ADDRESS)) + 1
    return html[:start] + html[end:] if 0 <= start < end else html


def _read(tenant_id: UUID | None) -> bytes | None:
    if tenant_id is None:
        return _platform_png(platform().mark_digest)
    logo = logo_of(tenant_id)
    with contextlib.suppress(FileNotFoundError, BucketAway):
        return _tile(logo.replace(".png", "_tile.png")) if has_tile(logo) else None
    return None


@functools.lru_cache(maxsize=64)
def _tile(path: str) -> bytes:
    # A logo that changes has another path.
    with storages["default"].open(path) as file:
        return bytes(file.read())


@functools.lru_cache(maxsize=2)
def _platform_png(digest: str) -> bytes | None:
    content = platform_mark(digest) if digest else None
    if content is None:
        return None
    # Re-encoded when it was stored; some programs for mail do not read WebP.
    target = io.BytesIO()
    Image.open(io.BytesIO(content)).convert("RGBA").save(target, "PNG", optimize=True)
    return target.getvalue()
