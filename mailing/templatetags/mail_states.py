"""Badges of the page of deliverability."""

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mailing.deliverability import BAD, GOOD, WARNING
from ui.console_text import badge

register = template.Library()


@register.filter
def state_badge(state: str) -> SafeString:
    """The state of a check, in words and colour."""
    labels = {GOOD: (_("Bon"), "good"), WARNING: (_("À améliorer"), "wait"), BAD: (_("À corriger"), "bad")}
    label, kind = labels.get(state, (_("Inconnu"), "neutral"))
    return badge(label, kind)
