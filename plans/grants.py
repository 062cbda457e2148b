"""What the operator gives one workspace beside its plan: exceptions and options. Each act has a reason and leaves it
in both audit logs, the operator's and the workspace's; every process knows of it within a second.
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
    """Set one right of a workspace aside from its plan; an earlier exception for it ends.

    `limit` in the meter's unit; None: without limit; 0: not at all. Raises `ValidationError`.
    """
    if limit is not None and limit < 0:
        raise ValidationError(_("Une limite n’est pas négative."), code="limit")
    _require_later(expires_at)
    with public_context(), transaction.atomic():
        tenant = _locked(tenant_id)
        Override.objects.filter(tenant_id=tenant_id, key=key, ended_at=None).update(ended_at=timezone.now())
        row = Override.objects.create(
            tenant_id=tenant_id, key=key, limit=limit, reason=reason, granted_by=actor.email, expires_at=expires_at
        )
        said = "∞" if limit is None else f"{limit.normalize():f}"
        _record(tenant, "override.granted", actor, right=key, limit=said, until=_day(expires_at), reason=reason)
    return row


def override_end(*, override_id: UUID, reason: str, actor: User) -> None:
    """The plan and the options speak again. Ending again changes nothing."""
    with public_context(), transaction.atomic():
        row = Override.objects.select_for_update().get(pk=override_id)
        if row.ended_at is None:
            row.ended_at = timezone.now()
            row.save(update_fields=["ended_at"])
            _record(_locked(row.tenant_id), "override.ended", actor, right=row.key, reason=reason)


def add_on_give(
    *, tenant_id: UUID, add_on: str, reason: str, actor: User, quantity: int = 1, until: datetime | None = None
) -> TenantAddOn:
    """Give a workspace an option by the operator's hand. Raises `ValidationError`, also where it has it from them."""
    _require_later(until)
    now = timezone.now()
    with public_context(), transaction.atomic():
        # One at a time: whether it has the option is asked once the row is ours.
        tenant = _locked(tenant_id)
        mine = TenantAddOn.objects.filter(tenant_id=tenant_id, add_on_id=add_on, source=Source.OPERATOR)
        if mine.filter(Q(until=None) | Q(until__gt=now)).exists():
            raise ValidationError(_("L’espace a déjà cette option."), code="had")
        option = AddOn.objects.get(pk=add_on)
        row = TenantAddOn.objects.create(
            tenant_id=tenant_id, add_on=option, quantity=quantity, since=now, until=until, source=Source.OPERATOR
        )
        _record(tenant, "add_on.given", actor, option=option.name, quantity=quantity, until=_day(until), reason=reason)
    return row


def add_on_take(*, tenant_add_on_id: UUID, reason: str, actor: User) -> None:
    """End an option that the operator gave. Taking it again changes nothing."""
    now = timezone.now()
    with public_context(), transaction.atomic():
        row = TenantAddOn.objects.select_for_update(of=("self",)).select_related("add_on").get(pk=tenant_add_on_id)
        if row.source != Source.OPERATOR:
            raise ValidationError(_("Cette option vient d’un abonnement : elle se termine avec lui."), code="source")
        if row.until is None or row.until > now:
            row.until = now
            row.save(update_fields=["until"])
            _record(_locked(row.tenant_id), "add_on.taken", actor, option=row.add_on.name, reason=reason)


def _locked(tenant_id: UUID) -> Tenant:
    tenant: Tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
    return tenant


def _require_later(moment: datetime | None) -> None:
    if moment is not None and moment <= timezone.now():
        raise ValidationError(_("La date de fin est déjà passée."), code="past")


def _day(moment: datetime | None) -> str:
    return timezone.localtime(moment).date().isoformat() if moment else ""


def _record(tenant: Tenant, action: str, actor: User, **details: Any) -> None:
    """Both logs, and every process told. What is empty is not said."""
    said = {key: value for key, value in details.items() if value != ""}
    with tenant_context(ref_of(tenant)):
        audit.record(action, label=actor.email, target=tenant.slug, **said)
    audit.record(action, actor=actor, target=tenant.slug, **said)
    entitlements.forget(tenant.pk)
