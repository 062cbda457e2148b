"""The address proposed from a workspace's name, and whether it is free."""

import unicodedata
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant
from tenants.slugs import validate_slug

MAX_BASE: Final = 34
_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})


def slug_problem(slug: str) -> ValidationError | None:
    """Why a slug is invalid, reserved or taken, or None. In the public schema."""
    try:
        validate_slug(slug)
    except ValidationError as error:
        return error
    if Tenant.objects.filter(slug=slug).exists():
        return ValidationError(_("L’adresse « %(slug)s » est déjà prise."), code="slug_taken", params={"slug": slug})
    return None


def base_slug(name: str) -> str:
    """The name as a slug would spell it, which may be reserved or taken: "L’Écluse & fils" is `l-ecluse-fils`."""
    plain = unicodedata.normalize("NFKD", name[:200].lower().translate(_LIGATURES))
    words = "".join(
        character if character.isascii() and character.isalnum() else " "
        for character in plain
        if not unicodedata.combining(character)
    ).split()
    text = "-".join(words).lstrip("0123456789-")[:MAX_BASE].strip("-")
    return text if len(text) >= 3 else f"espace-{text}".strip("-")


def suggest(name: str) -> str:
    """A free slug near the name, in two queries at most; "" for an empty name."""
    if not name.strip():
        return ""
    base = base_slug(name)
    candidates = [base, f"espace-{base}", *(f"{base}-{number}" for number in range(2, 100))]
    taken = set(Tenant.objects.filter(slug__in=candidates).values_list("slug", flat=True))
    for candidate in candidates:
        if candidate not in taken and _is_valid(candidate):
            return candidate
    return ""


def _is_valid(slug: str) -> bool:
    try:
        validate_slug(slug)
    except ValidationError:
        return False
    return True
