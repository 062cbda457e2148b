"""Grants of the operator to one workspace: overrides and add-ons.

Each service writes its reason to the audit logs of the operator and of the workspace, and invalidates the entitlements.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from plans import entitlements
from plans.models import AddOn, Override, TenantAddOn
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tenants.selectors import ref_of

Source = TenantAddOn.Source


def override_grant(
    *, tenant_id: UUID, key: str, limit: Decimal | None, reason: str, actor: User, expires_at: datetime | None = None
) -> Override:
    """Override the limit of one right of a workspace; an earlier override of the same right ends.

    `limit` is in the meter's unit; None is unlimited, 0 forbids use. Raises `ValidationError`.
    """
    if limit is not None and limit < 0:
        raise ValidationError(_("Une limite n’est pas négative."), code="limit")
    _require_future(expires_at)
    with public_context(), transaction.atomic():
        tenant = _lock_tenant(tenant_id)
        Override.objects.filter(tenant_id=tenant_id, key=key, ended_at=None).update(ended_at=timezone.now())
        row = Override.objects.create(
            tenant_id=tenant_id, key=key, limit=limit, reason=reason, granted_by=actor.email, expires_at=expires_at
        )
        shown_limit = "∞" if limit is None else f"{limit.normalize():f}"
        _record_grant(
            tenant, "override.granted", actor, right=key, limit=shown_limit, until=_day(expires_at), reason=reason
        )
    return row


def override_end(*, override_id: UUID, reason: str, actor: User) -> None:
    """End an override: the plan and add-ons apply again. Idempotent."""
    with public_context(), transaction.atomic():
        row = Override.objects.select_for_update().get(pk=override_id)
        if row.ended_at is None:
            row.ended_at = timezone.now()
            row.save(update_fields=["ended_at"])
            _record_grant(_lock_tenant(row.tenant_id), "override.ended", actor, right=row.key, reason=reason)


def add_on_grant(
    *, tenant_id: UUID, add_on: str, reason: str, actor: User, quantity: int = 1, until: datetime | None = None
) -> TenantAddOn:
    """Grant an add-on to a workspace. Raises `ValidationError`, also where the operator has granted it already."""
    _require_future(until)
    now = timezone.now()
    with public_context(), transaction.atomic():
        # The lock comes before the check for an existing grant, so that two requests cannot both pass it.
        tenant = _lock_tenant(tenant_id)
        granted = TenantAddOn.objects.filter(tenant_id=tenant_id, add_on_id=add_on, source=Source.OPERATOR)
        if granted.filter(Q(until=None) | Q(until__gt=now)).exists():
            raise ValidationError(_("L’espace a déjà cette option."), code="had")
        product = AddOn.objects.get(pk=add_on)
        row = TenantAddOn.objects.create(
            tenant_id=tenant_id, add_on=product, quantity=quantity, since=now, until=until, source=Source.OPERATOR
        )
        _record_grant(
            tenant, "add_on.given", actor, option=product.name, quantity=quantity, until=_day(until), reason=reason
        )
    return row


def add_on_revoke(*, tenant_add_on_id: UUID, reason: str, actor: User) -> None:
    """End an add-on that the operator granted. Idempotent. Raises `ValidationError` for one from a subscription."""
    now = timezone.now()
    with public_context(), transaction.atomic():
        row = TenantAddOn.objects.select_for_update(of=("self",)).select_related("add_on").get(pk=tenant_add_on_id)
        if row.source != Source.OPERATOR:
            raise ValidationError(_("Cette option vient d’un abonnement : elle se termine avec lui."), code="source")
        if row.until is None or row.until > now:
            row.until = now
            row.save(update_fields=["until"])
            _record_grant(_lock_tenant(row.tenant_id), "add_on.taken", actor, option=row.add_on.name, reason=reason)


def _lock_tenant(tenant_id: UUID) -> Tenant:
    tenant: Tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
    return tenant


def _require_future(moment: datetime | None) -> None:
    if moment is not None and moment <= timezone.now():
        raise ValidationError(_("La date de fin est déjà passée."), code="past")


def _day(moment: datetime | None) -> str:
    return timezone.localtime(moment).date().isoformat() if moment else ""


def _record_grant(tenant: Tenant, action: str, actor: User, **details: Any) -> None:
    """Write both audit logs, without empty details, and invalidate the entitlements of the workspace."""
    details = {key: value for key, value in details.items() if value != ""}
    with tenant_context(ref_of(tenant)):
        audit.record(action, label=actor.email, target=tenant.slug, **details)
    audit.record(action, actor=actor, target=tenant.slug, **details)
    entitlements.forget(tenant.pk)
