"""Finding workspaces."""

from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.cache import cache

from tenants.context import TenantRef, public_context
from tenants.models import Domain, Tenant

_UNKNOWN = "unknown"


def _domain_key(host: str) -> str:
    return f"domain:{host}"


def tenant_for_host(host: str) -> TenantRef | None:
    """The workspace that answers at a host name (lower case, no port), from the cache; None where none does."""
    with public_context():
        found = cache.get(_domain_key(host))
        if found is None:
            row = Domain.objects.select_related("tenant").filter(domain=host).first()
            found = cast(Any, row.tenant).ref(row.domain) if row else _UNKNOWN
            # An unknown host is remembered a moment only: it may be made any second.
            cache.set(_domain_key(host), found, settings.DOMAIN_CACHE_SECONDS if row else 2)
    return None if found == _UNKNOWN else cast(TenantRef, found)


def forget_hosts(tenant_id: UUID) -> None:
    """Drop what is cached of a workspace's addresses: its row changed."""
    with public_context():
        hosts = list(Domain.objects.filter(tenant_id=tenant_id).values_list("domain", flat=True))
        cache.delete_many([_domain_key(host) for host in hosts])


def tenant_ref(tenant_id: UUID) -> TenantRef:
    """A workspace by its id, fresh from the database. Raises `Tenant.DoesNotExist`."""
    with public_context():
        return ref_of(Tenant.objects.get(pk=tenant_id))


def ref_of(tenant: Tenant) -> TenantRef:
    """The picture of a workspace's row, with its primary domain."""
    return tenant.ref(primary_domain(tenant))


def tenant_by_slug(slug: str) -> TenantRef:
    """A workspace by its slug, fresh from the database. Raises `Tenant.DoesNotExist`."""
    with public_context():
        return ref_of(Tenant.objects.get(slug=slug))


def primary_domain(tenant: Tenant) -> str:
    """The host name a workspace's links are made with."""
    return Domain.objects.filter(tenant=tenant, is_primary=True).values_list("domain", flat=True).first() or ""


def tenants_all() -> Iterator[Tenant]:
    """All workspaces, oldest first, with their primary domain in `primary_host`."""
    from django.db.models import OuterRef, Subquery

    hosts = Domain.objects.filter(tenant=OuterRef("pk"), is_primary=True).values("domain")[:1]
    rows: Iterator[Tenant] = Tenant.objects.annotate(primary_host=Subquery(hosts)).order_by("created_at").iterator()
    return rows


def tenant_url(domain: str, path: str = "/") -> str:
    """The absolute address of a path in the workspace at `domain`."""
    return f"{settings.BASE_SCHEME}://{domain}{settings.BASE_PORT}{path}"
