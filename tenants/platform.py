"""The operator as the site, the mails and the pages of workspaces name them: one row in public.

name = platform().name       # from this process's memory; no query while nothing has changed
platform_change(row)         # in the transaction of the console's form
"""

from dataclasses import dataclass, fields
from typing import Final

from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from tenants.context import public_context
from tenants.models import Platform
from tenants.shared_cache import SharedCache

KEY: Final = 1


@dataclass(frozen=True)
class PlatformRef:
    """An immutable copy of the row. `mark_digest`: names the square logo; empty without one."""

    name: str
    email: str
    phone: str
    legal_name: str
    legal_form: str
    registry: str
    siren: str
    vat_number: str
    address: str
    director: str
    host_name: str
    host_address: str
    host_phone: str
    mark_digest: str

    @property
    def is_complete(self) -> bool:
        """Whether a legal notice can be written: article 1-1 of the law of 21 June 2004 (LCEN)."""
        required = (self.legal_name, self.siren, self.address, self.email, self.phone, self.director)
        return all((*required, self.host_name, self.host_address, self.host_phone))

    @property
    def publisher(self) -> str:
        """The legal name, or the name while there is none."""
        return self.legal_name or self.name

    @property
    def contact(self) -> str:
        """How a sentence names the operator to write to, with the address if there is one."""
        if self.email:
            return _("votre opérateur (%(email)s)") % {"email": self.email}
        return _("votre opérateur")

    @property
    def mark_url(self) -> str:
        """The path of the square logo on the public host; empty without one."""
        return f"/marque/{self.mark_digest}.webp" if self.mark_digest else ""


_cache = SharedCache[PlatformRef]("platform")


def platform() -> PlatformRef:
    """The operator's name, contact and legal identity."""
    return _cache.get("", _read)


def lazy_platform() -> PlatformRef:
    """As `platform`, read when an attribute is first used: for the context of every page."""
    return SimpleLazyObject(platform)  # type: ignore[return-value]


def _read() -> PlatformRef:
    with public_context():
        row = Platform.objects.defer("mark").filter(pk=KEY).first() or Platform(pk=KEY)
    return PlatformRef(**{field.name: getattr(row, field.name) for field in fields(PlatformRef)})


def platform_change(row: Platform) -> None:
    """Store the row and make every process read it again. In a transaction."""
    row.pk = KEY
    row.save()
    _cache.forget()


def mark(digest: str) -> bytes | None:
    """The square logo with this digest as WebP; None for another."""
    with public_context():
        content = Platform.objects.filter(pk=KEY, mark_digest=digest).values_list("mark", flat=True).first()
    return bytes(content) if content else None
