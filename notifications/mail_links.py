"""Links of mails to a person's choices, signed for their workspace."""

from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from tenants import signing
from tenants.context import current_tenant
from tenants.selectors import tenant_url

PURPOSE: Final = "notifications.mail_choices"


def token_of(person: User, kinds: Iterable[str]) -> str:
    return signing.sign(PURPOSE, [person.pk.hex, sorted(set(kinds))])


def url_of(person: User, kinds: Iterable[str]) -> str:
    """The address in the headers and at the foot of a mail of these kinds."""
    path = reverse("notifications:mail_choices", args=[token_of(person, kinds)], urlconf=settings.TENANT_URLCONF)
    return tenant_url(current_tenant().domain, path)
