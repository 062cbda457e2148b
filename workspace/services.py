"""Settings of a workspace: name and language; its brand: colour, logo and icons."""

import contextlib
import html
import re
import secrets
from typing import IO, Any, Final

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from tenants import selectors
from tenants.context import TenantRef
from tenants.pictures import PictureRefused, read_logo
from tenants.services import change_identity, require_writable
from ui.colour import ColourWithoutHue, hex_of, hue_of
from ui.templatetags.ui import initials

MAX_LOGO_BYTES = 2_000_000
LOGO_SIDE: Final = 512
# Hues proposed from a logo: how many, and how far apart in degrees.
MAX_PROPOSALS, HUES_APART = 4, 25
# Media types of logos by file extension; logos stored before they were re-encoded may be JPEG or WebP.
_MEDIA_TYPES: Final = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
# File names given by `brand_change`; a storage may add letters to a name in use.
_LOGO_NAME: Final = re.compile(r"(mark_)?[0-9A-Za-z_]{1,40}\.(png|jpg|webp)")
_PROPOSALS_SECONDS: Final = 30 * 24 * 3600


def identity_change(*, actor: User, name: str, language: str) -> TenantRef:
    """Change the name and the language of a workspace. Raises `ReadOnlyWorkspace`; then nothing is changed."""
    tenant = require_writable()
    with transaction.atomic():
        ref = change_identity(tenant_id=tenant.id, name=name, language=language)
        audit.record("workspace.identity", actor=actor, target=tenant.slug, name=name, language=language)
    return ref


def brand_change(
    *, actor: User, brand_hue: int | None, logo: IO[bytes] | None = None, size: int = 0, remove_logo: bool = False
) -> TenantRef:
    """Change colour and logo. Raises `PictureRefused` or `ReadOnlyWorkspace`; then nothing is changed.

    Waits for a child process and the storage: call it outside any transaction.
    """
    tenant = require_writable()
    fields: dict[str, Any] = {"brand_hue": brand_hue}
    if remove_logo:
        fields["logo"] = ""
    elif logo:
        fields["logo"] = _store_logo(tenant, logo, size)
    try:
        with transaction.atomic():
            ref = change_identity(tenant_id=tenant.id, **fields)
            audit.record("workspace.brand", actor=actor, target=tenant.slug, hue=brand_hue, logo="logo" in fields)
            if "logo" in fields and tenant.logo:
                transaction.on_commit(lambda: _delete_logo(tenant.logo))
    except BaseException:
        if fields.get("logo"):
            _delete_logo(fields["logo"])
        raise
    return ref


def _store_logo(tenant: TenantRef, file: IO[bytes], size: int) -> str:
    if size > MAX_LOGO_BYTES:
        raise PictureRefused(_("Ce fichier est trop lourd : 2 Mo au plus."))
    picture = read_logo(file, LOGO_SIDE)
    path = f"{tenant.file_prefix}/brand/mark_{secrets.token_hex(12)}.png"
    storage = storages["default"]
    stored = []
    try:
        for name, content in ((path, picture.logo), (icon_path(path), picture.icon), (tile_path(path), picture.tile)):
            stored.append(storage.save(name, ContentFile(content)))
    except BaseException:
        for name in stored:
            storage.delete(name)
        raise
    cache.set(_proposals_key(path), proposed_hues(picture.colours), _PROPOSALS_SECONDS)
    return path


def _delete_logo(path: str) -> None:
    for name in filter(None, (path, icon_path(path), tile_path(path))):
        storages["default"].delete(name)


def icon_path(logo: str) -> str:
    """The path of a logo's icon for tabs; "" for a logo stored before there were icons."""
    return logo.replace(".png", "_icon.png") if "/mark_" in logo else ""


def tile_path(logo: str) -> str:
    """The path of a logo's picture for home screens; "" for a logo stored before there were any."""
    return logo.replace(".png", "_tile.png") if "/mark_" in logo else ""


def read_picture(tenant: TenantRef, name: str) -> tuple[bytes, str] | None:
    """Content and media type of the workspace's logo, or of its icon, if it has this file name; else None."""
    path = f"{tenant.file_prefix}/brand/{name}"
    # The name comes from the URL: only the workspace's own pictures are read from the storage.
    if not _LOGO_NAME.fullmatch(name) or (
        path not in _pictures(tenant.logo) and path not in _pictures(selectors.logo_of(tenant.id))
    ):
        return None
    with contextlib.suppress(FileNotFoundError), storages["default"].open(path) as file:
        return file.read(), _MEDIA_TYPES[name.rsplit(".", 1)[-1]]
    return None


def _pictures(logo: str) -> tuple[str, ...]:
    return (logo, icon_path(logo), tile_path(logo)) if logo else ()


def proposed_hues(colours: list[str]) -> list[int]:
    """The hues of a logo's colours, most frequent first, without greys and near repetitions."""
    hues: list[int] = []
    for colour in colours:
        with contextlib.suppress(ColourWithoutHue):
            hue = hue_of(colour)
            if all(min(abs(hue - other), 360 - abs(hue - other)) >= HUES_APART for other in hues):
                hues.append(hue)
    return hues[:MAX_PROPOSALS]


def _proposals_key(path: str) -> str:
    return f"brand-hues:{path.rsplit('/', 1)[-1]}"


def brand_proposals(tenant: TenantRef) -> list[int]:
    """The hues proposed from the workspace's logo; empty without one. Read once from the file, then from the cache."""
    if not tenant.logo:
        return []
    key = _proposals_key(tenant.logo)
    hues: list[int] | None = cache.get(key)
    if hues is None:
        hues = []
        with contextlib.suppress(FileNotFoundError, PictureRefused), storages["default"].open(tenant.logo) as file:
            hues = proposed_hues(read_logo(file, LOGO_SIDE).colours)
        cache.set(key, hues, _PROPOSALS_SECONDS)
    return hues


def initials_svg(tenant: TenantRef) -> str:
    """The icon of a workspace without a logo: its initials on its colour."""
    colour = "#e3a52c" if tenant.brand_hue is None else hex_of(tenant.brand_hue)
    ink = "#1f1a10" if tenant.brand_hue is None else "#ffffff"
    letters = html.escape(initials(tenant.name))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        f'<rect width="64" height="64" rx="14" fill="{colour}"/>'
        f'<text x="32" y="43" text-anchor="middle" font-family="system-ui,Arial,sans-serif" font-size="30"'
        f' font-weight="700" fill="{ink}">{letters}</text></svg>'
    )
