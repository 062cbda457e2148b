"""Template filters of the console."""

from datetime import datetime
from decimal import Decimal

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts import audit_labels
from accounts.models import AuditEntry
from tenants.state_badge import KINDS
from ui import console_text as console
from usage.models import UsageEvent
from usage.outcome_badge import outcome_badge as _outcome_badge

register = template.Library()


@register.filter
def moment(value: datetime | None) -> str | SafeString:
    return console.moment(value)


@register.filter
def exact_euros(value: Decimal | None) -> str:
    """An amount with all its decimals."""
    return console.format_exact_euros(value)


@register.filter
def audit_action(entry: AuditEntry) -> str:
    return audit_labels.action_label(entry)


@register.filter
def audit_details(entry: AuditEntry) -> str:
    return audit_labels.details_text(entry)


@register.filter
def audit_actor(entry: AuditEntry) -> str:
    return gettext(entry.actor)


@register.filter
def outcome_badge(event: UsageEvent) -> SafeString:
    return _outcome_badge(event)


@register.filter
def state_kind(state: str) -> str:
    """The badge kind (colour) of a workspace state."""
    return KINDS[state]
