"""Filters of the console's own pages."""

from datetime import datetime
from decimal import Decimal

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts import audit_words as words
from accounts.models import AuditEntry
from tenants.state_badge import KINDS
from ui import console_text as console

register = template.Library()


@register.filter
def moment(value: datetime | None) -> str | SafeString:
    return console.moment(value)


@register.filter
def exact_euros(value: Decimal | None) -> str:
    """Never rounded."""
    return console.exact_euros(value)


@register.filter
def audit_words(entry: AuditEntry) -> str:
    return words.act(entry)


@register.filter
def audit_details(entry: AuditEntry) -> str:
    return words.details(entry)


@register.filter
def audit_actor(entry: AuditEntry) -> str:
    return gettext(entry.actor)


@register.filter
def state_kind(state: str) -> str:
    """The kind of a workspace's state, for a badge with words of its own."""
    return KINDS[state]
