"""What a workspace says of itself: name, language, colour, logo."""

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
# By the ending that the logo is kept with.
_TYPES: Final = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
# As `identity_change` names it: a storage may add letters where a name is taken.
_LOGO_NAME: Final = re.compile(r"[0-9A-Za-z_]{1,40}\.(png|jpg|webp)")


class LogoRefused(Exception):
    """Raised for a file that is no logo; the message is for people."""


def logo_type(file: Any) -> str:
    """The ending of an image, told by its bytes alone. Raises `LogoRefused`."""
    if file.size > MAX_LOGO_BYTES:
        raise LogoRefused(_("Ce fichier est trop lourd : 500 Ko au plus."))
    try:
        kind = library.file_type(file)
    except UploadRefused:
        kind = None
    if kind is None or kind.media_type not in _TYPES.values():
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
    """Change name, language, colour and logo. Raises `LogoRefused` or `ReadOnlyWorkspace`; nothing is changed then."""
    tenant = require_writable()
    path = "" if remove_logo else None
    if logo:
        ending = logo_type(logo)
        path = storages["default"].save(f"{tenant.file_prefix}/brand/{secrets.token_hex(8)}.{ending}", logo)
    with transaction.atomic():
        ref = change_identity(tenant_id=tenant.id, name=name, language=language, brand_hue=brand_hue, logo=path)
        audit.record("workspace.identity", actor=actor, target=tenant.slug, name=name, language=language, hue=brand_hue)
        if path is not None and tenant.logo:
            transaction.on_commit(lambda: storages["default"].delete(tenant.logo))
    return ref


def logo_named(tenant: TenantRef, name: str) -> tuple[bytes, str] | None:
    """Bytes and media type of the logo that a workspace keeps under a name; None where it keeps none."""
    path = f"{tenant.file_prefix}/brand/{name}"
    # Anybody may ask for any name: the storage is asked for none but the workspace's own.
    if not _LOGO_NAME.fullmatch(name) or (path != tenant.logo and path != selectors.logo_of(tenant.id)):
        return None
    with contextlib.suppress(FileNotFoundError), storages["default"].open(path) as file:
        return file.read(), _TYPES[name.rsplit(".", 1)[-1]]
    return None
