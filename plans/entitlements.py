"""The rights of a workspace, resolved from overrides, add-ons, the plan and the defaults, in this order of precedence.

    rights = entitlements.for_tenant(tenant)  # cached in the process; no query while nothing has changed
    rights.limit("seats"), rights.has("analytics"), rights.source("ai_euros")
    entitlements.require("analytics")       # in a service: raises `NotEntitled`

A change of a table that is read here must invalidate the cache in its transaction (`forget`, `forget_all`).
"""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from plans.meters import METERS
from plans.models import Entitlement, Override, Plan, TenantAddOn
from plans.types import Entitlements, NotEntitled, Right, Source, SourceKind
from tenants.context import TenantRef, current_tenant
from tenants.models import Tenant
from tenants.shared_cache import SharedCache

_cache = SharedCache[Entitlements]("entitlements")


def for_tenant(tenant: TenantRef) -> Entitlements:
    """The rights of a workspace at this moment."""
    return for_tenant_id(tenant.id)


def for_tenant_id(tenant_id: UUID) -> Entitlements:
    """As `for_tenant`, by the primary key of the workspace."""
    key = str(tenant_id)
    entitlements = _cache.get(key, lambda: _read(tenant_id))
    if entitlements.changes_at is not None and entitlements.changes_at <= timezone.now():
        _cache.drop(key)
        entitlements = _cache.get(key, lambda: _read(tenant_id))
    return entitlements


def forget(tenant_id: UUID) -> None:
    """Invalidate the rights of one workspace in every process, once the transaction commits."""
    _cache.forget(str(tenant_id))


def forget_all() -> None:
    """Invalidate the rights of every workspace, after a change of the catalogue."""
    _cache.forget()


def has_entitlement(tenant: TenantRef, key: str) -> bool:
    """True where the workspace may use `key`. Called for the entitlement that a view declares."""
    return for_tenant(tenant).has(key)


def require(key: str) -> TenantRef:
    """The workspace in context. Raises `NotEntitled` where it may not use `key`."""
    tenant = current_tenant()
    if not for_tenant(tenant).has(key):
        raise NotEntitled(key)
    return tenant


def _read(tenant_id: UUID) -> Entitlements:
    now = timezone.now()
    plan_code = Tenant.objects.values_list("plan_code", flat=True).filter(pk=tenant_id).first() or ""
    plan_name = Plan.objects.values_list("name", flat=True).filter(pk=plan_code).first() or plan_code
    add_ons = list(TenantAddOn.objects.filter(Q(until=None) | Q(until__gt=now), tenant_id=tenant_id))
    overrides = list(
        Override.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), tenant_id=tenant_id, ended_at=None)
    )
    rights: dict[str, Right] = {}
    for right in _granted(plan_code, plan_name, [row for row in add_ons if row.since <= now]):
        rights[right.key] = _merge(right, rights.get(right.key))
    for row in overrides:
        rights[row.key] = _overridden(row, rights.get(row.key))
    changes = {row.expires_at for row in overrides} | {at for row in add_ons for at in (row.since, row.until)}
    changes_at = min((moment for moment in changes if moment and moment > now), default=None)
    return Entitlements(plan_code, plan_name, MappingProxyType(rights), changes_at)


def _granted(plan_code: str, plan_name: str, add_ons: list[TenantAddOn]) -> Iterator[Right]:
    """Rights from the defaults, the plan and the add-ons, in ascending precedence."""
    by_add_on = {row.add_on_id: row for row in add_ons}
    applicable = Q(plan_id=plan_code) | Q(add_on_id__in=list(by_add_on)) | Q(plan=None, add_on=None)
    rows = list(Entitlement.objects.filter(applicable).select_related("add_on"))
    yield from (_right_of(row, Source(SourceKind.DEFAULT)) for row in rows if not row.plan_id and not row.add_on_id)
    yield from (_right_of(row, Source(SourceKind.PLAN, plan_name)) for row in rows if row.plan_id)
    for row in rows:
        if row.add_on is not None:
            tenant_add_on = by_add_on[row.add_on.pk]
            yield _right_of(
                row, Source(SourceKind.ADD_ON, row.add_on.name, tenant_add_on.until), tenant_add_on.quantity
            )


def _right_of(row: Entitlement, source: Source, quantity: int = 1) -> Right:
    limit = None if row.limit is None else row.limit * quantity
    return Right(row.key, row.label, limit, source, row.soft_percent, row.grace_percent)


def _merge(later: Right, earlier: Right | None) -> Right:
    """The right that applies: a plan replaces the default; an add-on never lowers a limit."""
    if earlier is None or later.source.kind is not SourceKind.ADD_ON or later.limit is None:
        return later
    return later if earlier.limit is not None and later.limit >= earlier.limit else earlier


def _overridden(row: Override, earlier: Right | None) -> Right:
    source = Source(SourceKind.OVERRIDE, row.reason, row.expires_at)
    if earlier is not None:
        return replace(earlier, limit=row.limit, source=source)
    meter = METERS.get(row.key)
    return Right(row.key, meter.label if meter else row.key, row.limit, source)
