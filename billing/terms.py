"""Terms of sale: publication of versions, and acceptance with its proof.

Each first purchase requires an acceptance; a change of plan does so if the workspace has not accepted the version in
force.
"""

import hashlib
import ipaddress
import re
import unicodedata
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing.models import TermsAcceptance, TermsVersion
from billing.subscription_types import AcceptedTerms, Choice
from tenants.context import TenantRef, public_context
from tenants.platform import platform

Act = TermsAcceptance.Act
# Characters. Long terms of sale have some 60,000.
MAX_LENGTH = 100_000
# The maximum of PostgreSQL's integer.
MAX_NUMBER = 2**31 - 1
# Accepts variants that people type or paste: two to six "#", indentation, a non-breaking space.
_HEADING = re.compile(r"\s{0,3}#{2,6}(?:\s+|$)(.*?)\s*")
# Key of the advisory lock that serializes publications, so that numbers are consecutive.
_LOCK = 0x7E125


class Block(NamedTuple):
    """A paragraph or a heading of a text."""

    text: str
    is_heading: bool


def current() -> TermsVersion | None:
    """The version in force; None if none is published."""
    with public_context():
        return TermsVersion.objects.first()


def version(number: int) -> TermsVersion | None:
    """A version by its number, in force or not, so that people can read what they accepted; None if unknown."""
    if number > MAX_NUMBER:
        return None
    with public_context():
        return TermsVersion.objects.filter(number=number).first()


def versions() -> list[TermsVersion]:
    """All versions, the latest first, without their texts."""
    with public_context():
        return list(TermsVersion.objects.defer("text", "translation"))


def blocks(text: str) -> list[Block]:
    """The headings and paragraphs of a text: a line that begins with `## ` is a heading, an empty line a break."""
    result: list[Block] = []
    paragraph: list[str] = []
    for line in [*text.replace("\ufeff", "").splitlines(), ""]:
        heading = _HEADING.fullmatch(line)
        stripped = "" if heading else line.strip()
        if paragraph and not stripped:
            result.append(Block("\n".join(paragraph), is_heading=False))
            paragraph = []
        if stripped:
            paragraph.append(stripped)
        elif heading and heading[1]:
            result.append(Block(heading[1], is_heading=True))
    return result


def has_gaps(text: str) -> bool:
    """True if the text has passages in square brackets, which are to be filled in."""
    return "[" in text and "]" in text


def normalized(text: str) -> str:
    """The text as stored: without byte order mark, with line feeds only, in Unicode NFC, trimmed."""
    lines = text.replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", lines).strip()


def publish(*, text: str, translation: str = "", actor: User | None = None, label: str = "") -> TermsVersion:
    """Publish a version, which is in force at once. `label`: the audit log's author without an `actor`.

    Raises `ValidationError` if the text is empty, too long, or the one in force.
    """
    text, translation = normalized(text), normalized(translation)
    if not text or max(len(text), len(translation)) > MAX_LENGTH:
        raise ValidationError(_("Donnez un texte, de 100 000 caractères au plus."), code="length")
    digest = hashlib.sha256(text.encode()).hexdigest()
    with public_context(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        current_version = TermsVersion.objects.first()
        if current_version and (current_version.sha256, current_version.translation) == (digest, translation):
            raise ValidationError(_("C’est déjà le texte en vigueur."), code="same")
        row: TermsVersion = TermsVersion.objects.create(
            number=current_version.number + 1 if current_version else 1,
            text=text,
            translation=translation,
            sha256=digest,
            published_by=actor.email if actor else label,
        )
        audit.record("terms.published", actor=actor, label=label, target=str(row.number), sha256=digest)
    return row


def needs_acceptance(tenant: TenantRef) -> bool:
    """True if the workspace has not accepted the version in force."""
    with public_context():
        latest = TermsVersion.objects.values("pk")[:1]
        return not TermsAcceptance.objects.filter(tenant_id=tenant.id, terms__in=latest).exists()


def require_current(accepted: AcceptedTerms | None) -> TermsVersion:
    """The accepted version. Raises `ValidationError` if none is published or accepted, or another one is in force."""
    latest = current()
    if latest is None:
        raise ValidationError(
            _("Les conditions générales de vente ne sont pas encore publiées : demandez-les à %(operator)s."),
            code="terms",
            params={"operator": platform().contact},
        )
    if accepted is None or accepted.version is None:
        raise ValidationError(_("Pour commander, acceptez les conditions générales de vente."), code="terms")
    if accepted.version != latest.pk:
        raise ValidationError(
            _("Les conditions générales de vente viennent de changer : lisez-les et acceptez-les avant de commander."),
            code="terms",
        )
    return latest


def record(
    tenant: TenantRef, terms: TermsVersion, choice: Choice, *, actor: User, origin: str, act: str, reference: str
) -> None:
    """Store an acceptance and its entry in the operator's audit log, in one transaction."""
    with public_context(), transaction.atomic():
        TermsAcceptance.objects.create(
            tenant_id=tenant.id,
            person_id=actor.pk,
            person=actor.email,
            terms=terms,
            sha256=terms.sha256,
            origin=_ip_address(origin),
            act=act,
            plan_code=choice.plan,
            interval=choice.interval,
            add_ons=", ".join(choice.add_ons)[:500],
            reference=reference,
        )
        audit.record(
            "terms.accepted",
            label=actor.email,
            target=tenant.slug,
            version=terms.number,
            sha256=terms.sha256,
            order=reference,
            origin=_ip_address(origin) or "",
        )


def record_sign_up(
    tenant: TenantRef, terms: TermsVersion, plan: str, *, actor: User, origin: str, reference: str
) -> None:
    """Store that the first owner accepted the terms when the workspace was asked for."""
    record(tenant, terms, Choice(plan), actor=actor, origin=origin, act=Act.SIGN_UP, reference=reference)


def _ip_address(origin: str) -> str | None:
    try:
        return str(ipaddress.ip_address(origin))
    except ValueError:
        return None
