"""Validation of a workspace's slug, the first label of its host name."""

import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tenants.content.hosts import is_content_host

# A DNS label (RFC 1035, 1123) that is not punycode.
SHAPE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
RESERVED = frozenset(
    "about account accounts admin administrator api app apps assets auth autoconfig autodiscover beta billing blog "
    "cdn certificate certificates console contact content dashboard demo dev dns docs domain email files ftp git help "
    "home host imap info internal legal localhost login mail mailer media mx news ns ns1 ns2 operator pay payment "
    "payments pop postmaster preview private public pricing register root ruche security server shop signup sign-in "
    "smtp ssl staging static stats status support system test tests vpn webhook webhooks webmail wpad www".split()
)


def validate_slug(slug: str, *, allow_reserved: bool = False) -> None:
    """Raise `ValidationError` with the reason if `slug` cannot be a workspace's address."""
    if len(slug) < 3 or len(slug) > 40:
        raise ValidationError(_("L’adresse courte compte de 3 à 40 caractères."), code="slug_length")
    if not SHAPE.fullmatch(slug):
        raise ValidationError(
            _(
                "L’adresse courte commence par une lettre et ne contient que des minuscules sans accent, "
                "des chiffres et des tirets simples."
            ),
            code="slug_shape",
        )
    is_taken = is_content_host(f"{slug}.{settings.BASE_HOST}")
    if is_taken or (slug in RESERVED and not allow_reserved):
        raise ValidationError(
            _("« %(slug)s » est réservé à la plateforme : choisissez une autre adresse."),
            code="slug_reserved",
            params={"slug": slug},
        )
