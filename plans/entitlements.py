"""What a workspace may use, resolved in one place: the operator's exception, then options, the plan, the default.

    rights = entitlements.of(tenant)        # from this process's memory; no query while nothing has changed
    rights.limit("seats"), rights.has("analytics"), rights.source("ai_euros")
    entitlements.require("analytics")       # in a service: raises `NotEntitled`

Every change of what it reads tells every process (`forget`, `forget_all`, in the transaction of the change).
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


def of(tenant: TenantRef) -> Entitlements:
    """What a workspace may use now."""
    return of_id(tenant.id)


def of_id(tenant_id: UUID) -> Entitlements:
    """As `of`, by the workspace's key."""
    key = str(tenant_id)
    found = _cache.get(key, lambda: _read(tenant_id))
    if found.changes_at is not None and found.changes_at <= timezone.now():
        _cache.drop(key)
        found = _cache.get(key, lambda: _read(tenant_id))
    return found


def forget(tenant_id: UUID) -> None:
    """Something of one workspace was written: every process shall read it anew once the transaction commits."""
    _cache.forget(str(tenant_id))


def forget_all() -> None:
    """Something of the catalogue was written: as `forget`, for every workspace."""
    _cache.forget()


def has_entitlement(tenant: TenantRef, key: str) -> bool:
    """True where the workspace may use some of `key`. What a view's declared access asks."""
    return of(tenant).has(key)


def require(key: str) -> TenantRef:
    """The workspace in context, if it may use `key`. Raises `NotEntitled`."""
    tenant = current_tenant()
    if not of(tenant).has(key):
        raise NotEntitled(key)
    return tenant


def _read(tenant_id: UUID) -> Entitlements:
    now = timezone.now()
    code = Tenant.objects.values_list("plan_code", flat=True).filter(pk=tenant_id).first() or ""
    plan_name = Plan.objects.values_list("name", flat=True).filter(pk=code).first() or code
    options = list(TenantAddOn.objects.filter(Q(until=None) | Q(until__gt=now), tenant_id=tenant_id))
    exceptions = list(
        Override.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), tenant_id=tenant_id, ended_at=None)
    )
    rights: dict[str, Right] = {}
    for right in _given(code, plan_name, [one for one in options if one.since <= now]):
        rights[right.key] = _better(right, rights.get(right.key))
    for row in exceptions:
        rights[row.key] = _by_exception(row, rights.get(row.key))
    moments = {one.expires_at for one in exceptions} | {at for one in options for at in (one.since, one.until)}
    changes_at = min((moment for moment in moments if moment and moment > now), default=None)
    return Entitlements(code, plan_name, MappingProxyType(rights), changes_at)


def _given(plan_code: str, plan_name: str, options: list[TenantAddOn]) -> Iterator[Right]:
    """By the default, then by the plan, then by each option: whatever comes later speaks first."""
    held = {one.add_on_id: one for one in options}
    mine = Q(plan_id=plan_code) | Q(add_on_id__in=list(held)) | Q(plan=None, add_on=None)
    rows = list(Entitlement.objects.filter(mine).select_related("add_on"))
    yield from (_right(row, Source(SourceKind.DEFAULT)) for row in rows if not row.plan_id and not row.add_on_id)
    yield from (_right(row, Source(SourceKind.PLAN, plan_name)) for row in rows if row.plan_id)
    for row in rows:
        if row.add_on is not None:
            option = held[row.add_on.pk]
            yield _right(row, Source(SourceKind.ADD_ON, row.add_on.name, option.until), option.quantity)


def _right(row: Entitlement, source: Source, quantity: int = 1) -> Right:
    limit = None if row.limit is None else row.limit * quantity
    return Right(row.key, row.label, limit, source, row.soft_percent, row.grace_percent)


def _better(later: Right, before: Right | None) -> Right:
    """A plan stands above the default, whatever it says; an option that is bought takes nothing away."""
    if before is None or later.source.kind is not SourceKind.ADD_ON or later.limit is None:
        return later
    return later if before.limit is not None and later.limit >= before.limit else before


def _by_exception(row: Override, before: Right | None) -> Right:
    source = Source(SourceKind.OVERRIDE, row.reason, row.expires_at)
    if before is not None:
        return replace(before, limit=row.limit, source=source)
    known = METERS.get(row.key)
    return Right(row.key, known.label if known else row.key, row.limit, source)
