"""What the DNS says of the sender's domain: SPF, DKIM, DMARC, MX. Bounded: each question ends within seconds.

Sources: RFC 7208 (SPF; at most ten look-ups, 4.6.4), RFC 6376 (DKIM), RFC 7489 (DMARC). Google and Microsoft ask
senders of many mails for all three.
"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parseaddr
from functools import partial
from typing import Any, Final

import dns.exception
import dns.resolver
from django.conf import settings
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from tenants.executors import give_back_connection

SECONDS: Final = 3.0
MAX_SPF_LOOKUPS: Final = 10
# Questions of one SPF record, however it nests.
MAX_SPF_DEPTH: Final = 5
# Selectors that providers give everybody; MAIL_DKIM_SELECTORS names those that SES and Postmark make for one account.
SELECTORS: Final[dict[str, tuple[str, ...]]] = {
    "brevo": ("brevo1", "brevo2", "mail"),
    "mailgun": ("pic", "mailo", "k1", "smtp", "mx"),
    "postmark": ("pm",),
    "sendgrid": ("s1", "s2"),
}
GOOD, WARNING, BAD, UNKNOWN = "good", "warning", "bad", "unknown"


class NoAnswer(Exception):
    """Raised if the DNS did not answer in time."""


@dataclass(frozen=True)
class Check:
    """`state`: good, warning, bad, or unknown (no answer). `record`: as published, "" if there is none."""

    name: str
    state: str
    message: str
    host: str
    record: str = ""


def sender_domain() -> str:
    """The domain of DEFAULT_FROM_EMAIL, as the DNS knows it; "" where there is none."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2].strip().lower()
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return ""


def check_all(domain: str) -> list[Check]:
    """The four checks, side by side, without holding a database connection."""
    give_back_connection()
    checks: tuple[Callable[[str], Check], ...] = (check_spf, check_dkim, check_dmarc, check_mx)
    with ThreadPoolExecutor(max_workers=len(checks), thread_name_prefix="dns") as threads:
        # The threads know nothing of the reader's language.
        return list(threads.map(partial(_guarded, domain=domain, language=get_language() or ""), checks))


def _guarded(check: Callable[[str], Check], *, domain: str, language: str) -> Check:
    with override(language or None):
        try:
            return check(domain)
        except NoAnswer:
            name = check.__name__.removeprefix("check_").upper()
            return Check(name, UNKNOWN, _("Le DNS n’a pas répondu à temps : réessayez."), domain)


def _resolver() -> dns.resolver.Resolver:
    servers = settings.MAIL_DNS_SERVERS
    resolver = dns.resolver.Resolver(configure=not servers)
    if servers:
        host, _colon, port = servers[0].partition(":")
        resolver.nameservers, resolver.port = [host], int(port or 53)
    resolver.timeout = resolver.lifetime = SECONDS
    return resolver


def _texts(host: str) -> list[str]:
    """The TXT records of a host, each in one piece. Raises `NoAnswer`."""
    return [b"".join(answer.strings).decode("utf-8", "replace")[:1_000] for answer in _answers(host, "TXT")]


def _answers(host: str, kind: str) -> list[Any]:
    try:
        return list(_resolver().resolve(host, kind))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError, UnicodeError) as error:
        raise NoAnswer from error


def check_spf(domain: str) -> Check:
    records = [text for text in _texts(domain) if text.lower().split(" ")[0] == "v=spf1"]
    if not records:
        return Check("SPF", BAD, _("Aucun enregistrement : ajoutez celui que donne votre prestataire."), domain)
    record = records[0]
    if len(records) > 1:
        return Check("SPF", BAD, _("Plusieurs enregistrements : un seul est permis, réunissez-les."), domain, record)
    lookups = _spf_lookups(record, MAX_SPF_DEPTH)
    if lookups > MAX_SPF_LOOKUPS:
        message = _("%(count)s consultations du DNS : au-delà de dix, les serveurs l’ignorent.") % {"count": lookups}
        return Check("SPF", BAD, message, domain, record)
    if re.search(r"(^|\s)\+?all(\s|$)", record):
        return Check("SPF", BAD, _("« all » laisse écrire tout le monde : finissez par ~all ou -all."), domain, record)
    if not re.search(r"(^|\s)([~-]all|redirect=\S+)(\s|$)", record):
        return Check(
            "SPF", WARNING, _("Il ne dit pas quoi faire des autres : finissez par ~all ou -all."), domain, record
        )
    return Check("SPF", GOOD, _("En place."), domain, record)


def _spf_lookups(record: str, depth: int) -> int:
    """Look-ups that a record costs, those of what it includes too; more than allowed is not counted on."""
    count = 0
    for term in record.lower().split()[1:50]:
        term = term.lstrip("+-~?")
        name, _colon, value = term.replace("=", ":").partition(":")
        if name in ("a", "mx", "ptr", "exists") or term.startswith(("a/", "mx/")):
            count += 1
        elif name in ("include", "redirect") and value:
            count += 1
            if depth and count <= MAX_SPF_LOOKUPS and "%" not in value:
                nested = next((text for text in _texts(value) if text.lower().startswith("v=spf1")), "")
                count += _spf_lookups(nested, depth - 1)
        if count > MAX_SPF_LOOKUPS:
            break
    return count


def check_dkim(domain: str) -> Check:
    selectors = (*settings.MAIL_DKIM_SELECTORS, *SELECTORS.get(settings.MAIL_PROVIDER, ()))
    host = f"{selectors[0]}._domainkey.{domain}" if selectors else domain
    if not selectors:
        message = _("Donnez dans MAIL_DKIM_SELECTORS le sélecteur que votre prestataire utilise.")
        return Check("DKIM", UNKNOWN, message, host)
    for selector in selectors[:10]:
        host = f"{selector}._domainkey.{domain}"
        record = next((text for text in _texts(host) if re.search(r"(^|;)\s*p=", text)), "")
        if not record:
            continue
        if re.search(r"(^|;)\s*p=\s*(;|$)", record):
            return Check("DKIM", BAD, _("La clé est révoquée : publiez celle de votre prestataire."), host, record)
        if re.search(r"(^|;)\s*t=[^;]*y", record):
            return Check(
                "DKIM", WARNING, _("La clé est en essai (t=y) : les serveurs n’en tiennent pas compte."), host, record
            )
        return Check("DKIM", GOOD, _("En place."), host, record)
    message = _("Aucune clé aux sélecteurs cherchés : publiez celle que donne votre prestataire.")
    return Check("DKIM", BAD, message, f"{selectors[0]}._domainkey.{domain}")


def check_dmarc(domain: str) -> Check:
    labels = domain.split(".")
    # The domain's own, then those above it: the organisation's holds for its sub-domains.
    for parent in [".".join(labels[index:]) for index in range(max(1, len(labels) - 1))][:5]:
        host = f"_dmarc.{parent}"
        record = next((text for text in _texts(host) if text.lower().startswith("v=dmarc1")), "")
        if not record:
            continue
        tags = dict(part.strip().lower().split("=", 1) for part in record.split(";") if "=" in part)
        policy = tags.get("sp", tags.get("p", "")) if parent != domain else tags.get("p", "")
        if policy not in ("none", "quarantine", "reject"):
            return Check("DMARC", BAD, _("Il lui manque une règle : p=none, quarantine ou reject."), host, record)
        if policy == "none":
            message = _("En place, sans effet sur les faux : passez à p=quarantine une fois les rapports lus.")
            return Check("DMARC", WARNING, message, host, record)
        return Check("DMARC", GOOD, _("En place."), host, record)
    return Check("DMARC", BAD, _("Aucun enregistrement : commencez par « v=DMARC1; p=none »."), f"_dmarc.{domain}")


def check_mx(domain: str) -> Check:
    records = sorted(str(answer) for answer in _answers(domain, "MX"))
    if not records or records == ["0 ."]:
        return Check("MX", WARNING, _("Ce domaine ne reçoit pas d’e-mails : les réponses se perdent."), domain)
    return Check("MX", GOOD, _("En place."), domain, ", ".join(records)[:300])
