"""Settings of a workspace: name, language, colour and logo."""

import contextlib
import re
import secrets
from typing import IO, Any, Final

from django.core.files.storage import storages
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from library import services as library
from library.types import UploadRefused
from tenants import selectors
from tenants.context import TenantRef
from tenants.services import change_identity, require_writable

MAX_LOGO_BYTES = 500_000
# Media types of logos by file extension.
_MEDIA_TYPES: Final = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
# File names given by `identity_change`; a storage may add letters to a name in use.
_LOGO_NAME: Final = re.compile(r"[0-9A-Za-z_]{1,40}\.(png|jpg|webp)")


class LogoRefused(Exception):
    """Raised for a file that cannot be a logo. The message is shown to the user."""


def logo_extension(file: Any) -> str:
    """The file extension of an image, detected from its content. Raises `LogoRefused`."""
    if file.size > MAX_LOGO_BYTES:
        raise LogoRefused(_("Ce fichier est trop lourd : 500 Ko au plus."))
    try:
        kind = library.file_type(file)
    except UploadRefused:
        kind = None
    if kind is None or kind.media_type not in _MEDIA_TYPES.values():
        raise LogoRefused(_("Ce fichier n’est pas une image PNG, JPEG ou WebP."))
    return kind.extension


def identity_change(
    *,
    actor: User,
    name: str,
    language: str,
    brand_hue: int | None,
    logo: IO[bytes] | None = None,
    remove_logo: bool = False,
) -> TenantRef:
    """Change name, language, colour and logo. Raises `LogoRefused` or `ReadOnlyWorkspace`; then nothing is changed."""
    tenant = require_writable()
    path = "" if remove_logo else None
    if logo:
        extension = logo_extension(logo)
        path = storages["default"].save(f"{tenant.file_prefix}/brand/{secrets.token_hex(8)}.{extension}", logo)
    with transaction.atomic():
        ref = change_identity(tenant_id=tenant.id, name=name, language=language, brand_hue=brand_hue, logo=path)
        audit.record("workspace.identity", actor=actor, target=tenant.slug, name=name, language=language, hue=brand_hue)
        if path is not None and tenant.logo:
            transaction.on_commit(lambda: storages["default"].delete(tenant.logo))
    return ref


def read_logo(tenant: TenantRef, name: str) -> tuple[bytes, str] | None:
    """Content and media type of the workspace's logo if it has this file name, else None."""
    path = f"{tenant.file_prefix}/brand/{name}"
    # The name comes from the URL: only the workspace's own logo is read from the storage.
    if not _LOGO_NAME.fullmatch(name) or (path != tenant.logo and path != selectors.logo_of(tenant.id)):
        return None
    with contextlib.suppress(FileNotFoundError), storages["default"].open(path) as file:
        return file.read(), _MEDIA_TYPES[name.rsplit(".", 1)[-1]]
    return None
