"""Index of the accounts by address, without addresses in clear: rows hold an HMAC under the platform's secret.

Facts of members keep it (config/consumers.py); `manage.py rebuild_addresses` writes it anew, as after a change of
`SECRET_KEY`.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.crypto import salted_hmac

from accounts.addresses import plain_address
from accounts.models import User
from events.types import Event
from mailing.services import send
from signup.models import KnownAddress
from tenants.context import TenantRef, current_tenant, public_context, tenant_context
from tenants.models import Tenant
from tenants.selectors import ref_of, tenant_url, tenants_all

# Workspaces of one mail.
MAX_LISTED = 50


def digest_of(address: str) -> str:
    """The HMAC under which an address is kept, equal for all its spellings."""
    return salted_hmac("signup.directory", plain_address(address), algorithm="sha256").hexdigest()


def follow(event: Event) -> None:
    """Consumer of the facts of members: brings the row of the person to the account as it is."""
    if event.tenant_id is None:
        return
    user = User.objects.filter(pk=event.fact.subject_id).first()
    write(current_tenant(), event.fact.subject_id, user)


def write(tenant: TenantRef, user_id: UUID, user: User | None) -> None:
    """Write the row of an account; without an account, or for one that is not active, delete it."""
    with public_context():
        if user is None or not user.is_active:
            KnownAddress.objects.filter(tenant_id=tenant.id, user_id=user_id).delete()
        else:
            KnownAddress.objects.update_or_create(
                tenant_id=tenant.id, user_id=user_id, defaults={"digest": digest_of(user.email)}
            )


def workspace_deleting(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "deleting"."""
    with public_context():
        KnownAddress.objects.filter(tenant_id=tenant.id).delete()


def rebuild() -> int:
    """Write the rows of every workspace anew, one workspace a transaction. Returns how many accounts there are."""
    count = 0
    with public_context():
        tenants = [ref_of(tenant) for tenant in tenants_all()]
        KnownAddress.objects.exclude(tenant_id__in=[tenant.id for tenant in tenants]).delete()
    for tenant in tenants:
        with transaction.atomic():
            with tenant_context(tenant):
                people = list(User.objects.filter(is_active=True).values_list("pk", "email"))
            with public_context():
                KnownAddress.objects.filter(tenant_id=tenant.id).delete()
                KnownAddress.objects.bulk_create(
                    [
                        KnownAddress(tenant_id=tenant.id, user_id=user_id, digest=digest_of(email))
                        for user_id, email in people
                    ]
                )
        count += len(people)
    return count


def workspaces_of(address: str) -> list[TenantRef]:
    """The workspaces with an active account of this address, by name. The index is checked against the accounts."""
    with public_context():
        known = KnownAddress.objects.filter(digest=digest_of(address)).values_list("tenant_id", flat=True)
        rows = Tenant.objects.filter(pk__in=list(known[:MAX_LISTED])).order_by("name", "slug")
        tenants = [ref_of(tenant) for tenant in rows]
    return [tenant for tenant in tenants if _has_account(tenant, address)]


def _has_account(tenant: TenantRef, address: str) -> bool:
    with tenant_context(tenant):
        return User.objects.filter(email=plain_address(address), is_active=True).exists()


def send_workspaces(address: str, language: str) -> None:
    """Job: mail the list of its workspaces to an address. Without any, nothing is sent."""
    tenants = workspaces_of(address)
    if not tenants:
        return
    listed = [{"words": tenant.name, "url": tenant_url(tenant.domain, "/accounts/login/")} for tenant in tenants]
    with public_context(), translation.override(language):
        send(template="workspaces", to=plain_address(address), context={"workspaces": listed})
