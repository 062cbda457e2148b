"""Handoff: sign-in on a workspace's host of a person whose identity was proved on the public host.

The token is a random value, valid once and for `LIFETIME_SECONDS`, in one workspace and for one person. Redis holds
its SHA-256 only, and nothing logs the token.
"""

import hashlib
import secrets
from typing import Final
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from accounts.models import User
from tenants.breaker import REDIS, RedisAway, quick_client
from tenants.context import TenantRef, current_tenant
from tenants.selectors import tenant_url

LIFETIME_SECONDS: Final = 60


def _key(tenant_id: UUID, token: str) -> str:
    return f"handoff:{tenant_id}:{hashlib.sha256(token.encode('utf8', 'replace')).hexdigest()}"


def handoff_url(tenant: TenantRef, user_id: UUID) -> str:
    """An address on the workspace's host that signs the person in, once. The sign-in page while Redis is down.

    The caller has proved that the browser belongs to this person.
    """
    token = secrets.token_urlsafe(32)
    key = _key(tenant.id, token)
    try:
        REDIS.call(lambda: quick_client().set(key, str(user_id), ex=LIFETIME_SECONDS))
    except RedisAway:
        return tenant_url(tenant.domain, reverse("account_login", urlconf=settings.TENANT_URLCONF))
    return tenant_url(tenant.domain, reverse("handoff", args=[token], urlconf=settings.TENANT_URLCONF))


def redeem(token: str) -> User | None:
    """The active person of the workspace in context for whom the token was made, which is then used up; or None."""
    key = _key(current_tenant().id, token)
    try:
        user_id = REDIS.call(lambda: quick_client().getdel(key))
    except RedisAway:
        return None
    return User.objects.filter(pk=UUID(user_id), is_active=True).first() if user_id else None
