"""Finding workspaces."""

from collections.abc import Iterator
from uuid import UUID

from django.conf import settings

from tenants import host_cache
from tenants.context import TenantRef, public_context
from tenants.models import Domain, Tenant


def tenant_for_host(host: str) -> TenantRef | None:
    """The workspace that answers at a host name (lower case, no port), from memory where it can; None where none does.

    A change is seen within a second in every process. With Redis away the rows are read.
    """
    return host_cache.find(host)


def forget_hosts(tenant_id: UUID) -> None:
    """A workspace's row or domains were written: every process shall see it when the transaction commits.

    To be called in that transaction, right after the write, once for each workspace concerned.
    """
    host_cache.forget(tenant_id)


def forget_all_hosts() -> None:
    """The rows of many workspaces were written: as `forget_hosts` for all, in one message."""
    host_cache.forget_all()


def tenant_ref(tenant_id: UUID) -> TenantRef:
    """A workspace by its id, fresh from the database. Raises `Tenant.DoesNotExist`."""
    with public_context():
        return ref_of(Tenant.objects.get(pk=tenant_id))


def logo_of(tenant_id: UUID) -> str:
    """The path of a workspace's logo by its row: what this process remembers may be a moment old."""
    with public_context():
        return Tenant.objects.filter(pk=tenant_id).values_list("logo", flat=True).first() or ""


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


def public_url(path: str) -> str:
    """The absolute address of a path of the operator's public site."""
    return tenant_url(settings.BASE_HOST, path)
