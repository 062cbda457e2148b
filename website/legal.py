"""Legal texts of the site: versions published by the operator, facts filled in, what is missing, acceptances.

A text names facts in braces, such as `{address}`. They are read from the platform's identity when a page is shown; a
line whose fact is missing is left out of the page, and is a to-do of the console.
"""

import hashlib
import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import record_row_change
from assistants.selectors import providers_in_use
from billing.api import terms
from tenants.context import TenantRef, public_context
from tenants.platform import platform
from website.models import LegalAcceptance, LegalVersion

Document = LegalVersion.Document
TEXTS: Final = Path(__file__).parent / "texts"
# Characters, of each language.
MAX_LENGTH: Final = 100_000
# The maximum of PostgreSQL's integer.
MAX_NUMBER: Final = 2**31 - 1
# Documents that are accepted with the terms of sale when a workspace is asked for.
ACCEPTED_AT_SIGN_UP: Final = (Document.DPA,)
PAGES: Final[dict[str, str]] = {
    Document.PRIVACY: "privacy",
    Document.COOKIES: "cookies",
    Document.DPA: "dpa",
    Document.NOTICE: "legal_notice",
}
# What each fact is called in the console. Facts of the platform's page, then those that the platform knows itself.
VARIABLES: Final[dict[str, Any]] = {
    "operator": _("raison sociale"),
    "address": _("adresse postale"),
    "email": _("adresse e-mail"),
    "phone": _("téléphone"),
    "siren": _("SIREN"),
    "vat_number": _("TVA intracommunautaire"),
    "director": _("directeur de la publication"),
    "host": _("hébergeur"),
    "host_address": _("adresse de l’hébergeur"),
    "providers": _("fournisseurs de modèles"),
    "cookie_session": _("nom du cookie de session"),
    "cookie_device": _("nom du cookie des appareils"),
    "cookie_csrf": _("nom du cookie des formulaires"),
    "cookie_language": _("nom du cookie de langue"),
}
# Beside those of its text, what the legal notice must say: article 1-1 of the law of 21 June 2004 (LCEN).
_NOTICE: Final = ("operator", "address", "siren", "phone", "email", "director", "host", "host_address")
_VARIABLE: Final = re.compile(r"\{([^{}\n]{0,40})\}")
# A passage in brackets that is no link is a gap.
_GAP: Final = re.compile(r"\[[^\[\]\n]+\](?!\()")
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|~])")


@dataclass(frozen=True)
class Task:
    """What the operator still has to do for a document. `missing`: names of facts; `has_gaps`: passages in brackets."""

    document: str
    label: Any
    page: str
    version: Any
    missing: list[Any]
    has_gaps: bool

    @property
    def is_done(self) -> bool:
        return not self.missing and not self.has_gaps


def current(document: str) -> LegalVersion | None:
    """The version in force; None if none is published."""
    with public_context():
        return LegalVersion.objects.filter(document=document).first()


def version(document: str, number: int) -> LegalVersion | None:
    """A version by its number, in force or not; None if unknown."""
    if number > MAX_NUMBER:
        return None
    with public_context():
        return LegalVersion.objects.filter(document=document, number=number).first()


def versions(document: str) -> list[LegalVersion]:
    """All versions of a document, the latest first, without their texts."""
    with public_context():
        return list(LegalVersion.objects.filter(document=document).defer("text", "translation"))


def first_text(document: str, language: str) -> str:
    """The text that Ruche brings."""
    return (TEXTS / f"{document}.{language}.md").read_text("utf-8").strip()


def seed() -> None:
    """Publish the texts that Ruche brings where a document has no version."""
    for document in Document.values:
        if current(document) is None:
            publish(document, first_text(document, "fr"), first_text(document, "en"), label="Ruche")


def facts() -> dict[str, str]:
    """The value of each variable in the language in force; "" where it is not given."""
    operator = platform()
    values = {
        name: getattr(operator, name) for name in ("address", "email", "phone", "siren", "vat_number", "director")
    }
    names = providers_in_use() or [gettext("un modèle qui tourne sur le serveur de la plateforme")]
    return values | {
        "operator": operator.publisher,
        "host": operator.host_name,
        "host_address": operator.host_address,
        "providers": ", ".join(names),
        "cookie_session": settings.SESSION_COOKIE_NAME,
        "cookie_device": settings.DEVICE_COOKIE_NAME,
        "cookie_csrf": settings.CSRF_COOKIE_NAME,
        "cookie_language": settings.LANGUAGE_COOKIE_NAME,
    }


def filled(text: str) -> str:
    """A text with its facts; lines with a fact that is not given are left out."""
    values = facts()
    lines = [
        line
        for line in text.splitlines()
        if all(values.get(match[1], "") for match in _VARIABLE.finditer(line)) and not _GAP.search(line)
    ]
    return _VARIABLE.sub(lambda match: _in_markdown(match[1], values[match[1]]), "\n".join(lines))


def _in_markdown(name: str, value: str) -> str:
    """A value on one line. Names of cookies stand in code, where nothing is escaped."""
    if name.startswith("cookie_"):
        return value
    return _SPECIAL.sub(r"\\\1", ", ".join(part.strip(" ,") for part in value.splitlines() if part.strip(" ,")))


def tasks() -> list[Task]:
    """Each document with what is missing in it, for the console."""
    operator, values = platform(), facts() | {"operator": platform().legal_name}
    result = []
    for document, label in Document.choices:
        row = current(document)
        text = row.text if row else first_text(document, "fr")
        names = dict.fromkeys(match[1] for match in _VARIABLE.finditer(text))
        if document == Document.NOTICE:
            names |= dict.fromkeys(_NOTICE)
        missing = [VARIABLES[name] for name in names if not values.get(name)]
        if document == Document.NOTICE and not operator.host_phone:
            missing.append(_("téléphone de l’hébergeur"))
        result.append(Task(document, label, PAGES[document], row, missing, has_gaps=bool(_GAP.search(text))))
    return result


def has_tasks() -> bool:
    """Whether a legal text of the site, or the terms of sale, has something to be filled in."""
    in_force = terms.current()
    return any(not task.is_done for task in tasks()) or in_force is None or terms.has_gaps(in_force.text)


def publish(
    document: str, text: str, english: str = "", *, changes: str = "", actor: User | None = None, label: str = ""
) -> LegalVersion:
    """Publish a version, which is in force at once. `label`: its author without an `actor`.

    Raises `ValidationError` if a text is empty, too long, has gaps or unknown variables, or is the one in force.
    """
    text, english = terms.normalized(text), terms.normalized(english)
    if not text or max(len(text), len(english)) > MAX_LENGTH:
        raise ValidationError(_("Donnez un texte, de 100 000 caractères au plus."), code="length")
    for each in (text, english):
        if gap := _GAP.search(each):
            message = _("Un passage entre crochets reste à compléter : %(gap)s")
            raise ValidationError(message, code="gap", params={"gap": gap[0][:80]})
        for match in _VARIABLE.finditer(each):
            if match[1] not in VARIABLES:
                raise ValidationError(
                    _("« %(name)s » n’est pas une donnée connue."), code="variable", params={"name": match[0]}
                )
    digest = hashlib.sha256(text.encode()).hexdigest()
    try:
        with public_context(), transaction.atomic():
            latest = LegalVersion.objects.filter(document=document).first()
            if latest and (latest.sha256, latest.translation) == (digest, english):
                raise ValidationError(_("C’est déjà le texte en vigueur."), code="same")
            row: LegalVersion = LegalVersion.objects.create(
                document=document,
                number=latest.number + 1 if latest else 1,
                text=text,
                translation=english,
                changes=unicodedata.normalize("NFC", changes).strip(),
                sha256=digest,
                published_by=actor.email if actor else label,
            )
            if actor:
                record_row_change(
                    target=f"{document} {row.number}", row="legalversion", added=True, actor=actor, fields=digest
                )
    except IntegrityError as error:
        raise ValidationError(_("Une autre version vient d’être publiée : relisez-la."), code="raced") from error
    return row


def accepted_at_sign_up(tenant: TenantRef, *, actor: User, origin: str, reference: str, at: datetime) -> None:
    """Record that the first owner accepted the documents that go with the terms, as they were in force at `at`."""
    try:
        address = str(ipaddress.ip_address(origin))
    except ValueError:
        address = None
    with public_context():
        for document in ACCEPTED_AT_SIGN_UP:
            row = LegalVersion.objects.filter(document=document, published_at__lte=at).first()
            if row is not None:
                LegalAcceptance.objects.create(
                    tenant_id=tenant.id,
                    tenant_slug=tenant.slug,
                    person_id=actor.pk,
                    person=actor.email,
                    version=row,
                    sha256=row.sha256,
                    origin=address,
                    reference=reference,
                )


def in_language(row: LegalVersion | None, document: str) -> tuple[str, str]:
    """(text, its language): the translation for readers of English where there is one."""
    is_english = translation.get_language() == "en"
    if row is None:
        language = "en" if is_english else "fr"
        return first_text(document, language), language
    return (row.translation, "en") if is_english and row.translation else (row.text, "fr")
