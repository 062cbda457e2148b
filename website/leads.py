"""Leads: stored with their consents and told to the operator in one transaction; erased after three years."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.limits import HOUR, count, network_of
from accounts.models import User
from accounts.services import record_row_change
from mailing.services import send_to_operators
from tenants.context import public_context
from website.models import Consent, Lead

# CNIL, "référentiel gestion commerciale" (2022): three years after the last contact with a prospect.
KEPT_FOR: Final = timedelta(days=3 * 365)
BATCH: Final = 1_000
REPLY_TEXT: Final = _("J’accepte que ces informations servent à répondre à ma demande.")
NEWS_TEXT: Final = _("Je veux aussi recevoir des nouvelles de la plateforme, que je peux arrêter à tout moment.")
# (with a proof of work, without one), per hour.
PER_ADDRESS: Final = (10, 3)
PER_PLATFORM: Final = (300, 60)


@dataclass(frozen=True)
class Message:
    """What a visitor sent, as the form cleaned it."""

    email: str
    name: str
    company: str
    message: str
    wants_news: bool
    language: str
    source: str
    origin: str | None


def may_write(ip: str, *, has_proof: bool) -> bool:
    """Count one more message. False if a limit is exceeded."""
    kind, column = ("proved", 0) if has_proof else ("unproved", 1)
    return (
        count(f"contact:{kind}:address", network_of(ip), HOUR) <= PER_ADDRESS[column]
        and count(f"contact:{kind}", "", HOUR) <= PER_PLATFORM[column]
    )


def is_repeated(lead_id: UUID, sent: Message) -> bool:
    """Whether this form was sent already, as by a double click."""
    with public_context():
        lead = Lead.objects.filter(pk=lead_id).first()
    return lead is not None and _is_same(lead, _typed(sent))


def _typed(sent: Message) -> dict[str, str | bool]:
    """What was typed or ticked in the form, as fields of its lead."""
    return {
        "email": sent.email,
        "name": sent.name,
        "company": sent.company,
        "message": sent.message,
        "wants_news": sent.wants_news,
    }


def _is_same(lead: Lead, fields: dict[str, str | bool]) -> bool:
    return all(getattr(lead, key) == value for key, value in fields.items())


def lead_open(lead_id: UUID, sent: Message) -> bool:
    """Store a message with what was agreed to, and mail it to the operators. False if it was stored before.

    Another message under the same id, as after the back button, is another lead.
    """
    fields = _typed(sent)
    defaults = fields | {"language": sent.language, "source": sent.source[:200]}
    with public_context(), transaction.atomic():
        lead, is_new = Lead.objects.get_or_create(id=lead_id, defaults=defaults)
        if not is_new:
            if _is_same(lead, fields):
                return False
            lead = Lead.objects.create(id=uuid4(), **defaults)
        texts = [(Consent.Topic.REPLY, REPLY_TEXT), *([(Consent.Topic.NEWS, NEWS_TEXT)] if sent.wants_news else [])]
        for topic, text in texts:
            Consent.objects.create(lead=lead, topic=topic, text=str(text), origin=sent.origin)
        send_to_operators(
            "lead",
            path=reverse("admin:website_lead_change", args=[lead.pk]),
            sender=lead.name,
            company=lead.company,
            email=lead.email,
            message=lead.message,
        )
    return True


def lead_erase(lead_id: UUID, *, reason: str, actor: User) -> None:
    """Erase a lead with its consents, as its person may ask (article 17 of the GDPR)."""
    with public_context(), transaction.atomic():
        Lead.objects.filter(pk=lead_id).delete()
        record_row_change(
            target=str(lead_id), row="contact", added=False, actor=actor, fields=gettext("effacé"), reason=reason
        )


def sweep() -> int:
    """Erase the leads received three years ago. Returns how many. Scheduled."""
    erased = 0
    with public_context():
        old = Lead.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).order_by("created_at")
        while keys := list(old.values_list("pk", flat=True)[:BATCH]):
            Lead.objects.filter(pk__in=keys).delete()
            erased += len(keys)
    return erased
