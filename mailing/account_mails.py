"""Mails of accounts that allauth asks for (settings.ACCOUNT_MAIL), from the catalogue."""

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from mailing.catalogue import TEMPLATES
from mailing.rendering import Sender
from mailing.services import rendered, sender_of
from tenants.platform import platform
from tenants.selectors import tenant_url

# Name of allauth's mail -> key of the template, where they differ.
_KEYS: Final = {"email_confirmation_signup": "email_confirmation"}
_LINKS: Final = ("password_reset_url", "activate_url")


def account_mail(
    name: str, email: str, *, site: Mapping[str, str], has_account: bool, details: Mapping[str, Any]
) -> EmailMultiAlternatives:
    """The mail `name` of allauth ("password_reset_key"). `site`: name and domain to be shown.

    Without an account at this address, the mail is in the platform's name: a workspace's could carry spam.
    """
    template = TEMPLATES[_KEYS.get(name, name)]
    context = {
        "name": getattr(details.get("user"), "name", "") if has_account else "",
        "workspace": site["name"],
        "address": tenant_url(site["domain"]),
        "email": details.get("deleted_email") or details.get("from_email") or email,
        "new_address": details.get("to_email", ""),
        "code": details.get("code", ""),
        "link": next((details[key] for key in _LINKS if details.get(key)), ""),
        "moment": details.get("timestamp"),
        "ip": details.get("ip", ""),
        "user_agent": details.get("user_agent", ""),
    }
    sender = sender_of(template)
    if not has_account:
        identity = platform()
        sender = Sender(identity.name, context["address"], None, bool(identity.mark_digest), identity)
    mail = rendered(template, context, sender=sender)
    message = EmailMultiAlternatives(
        f"[{site['name']}] {mail.subject}", mail.text, settings.DEFAULT_FROM_EMAIL, [email]
    )
    message.attach_alternative(mail.html, "text/html")
    return message
