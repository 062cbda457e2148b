"""Creating and changing users, and audit entries of a workspace's life cycle."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import audit
from accounts.models import Role, User
from events.catalogue import MemberAddressChanged, MemberJoined
from events.catalogue import Role as FactRole
from events.services import record
from tenants.actors import SYSTEM
from tenants.context import TenantRef, public_context, tenant_context
from ui.lines import refuse_control_characters


def user_create(
    *, email: str, password: str, role: str, name: str = "", must_change_password: bool = False, language: str = ""
) -> User:
    """Create a user with a verified address in the schema of the context. Raises `ValidationError`."""
    for line in (email.strip(), name.strip()):
        refuse_control_characters(line)
    with transaction.atomic():
        user = User.objects.create_user(
            email,
            password,
            role=role,
            name=name,
            must_change_password=must_change_password,
            language=language,
        )
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        audit.record("user.created", target=user.email, role=role)
        record(MemberJoined(subject_id=user.pk, role=FactRole(role)))
    return user


def operator_create(*, email: str, password: str, name: str = "", actor: User | None = None) -> User:
    """Create an operator in the public schema. Raises `ValidationError`."""
    for line in (email.strip(), name.strip()):
        refuse_control_characters(line)
    with public_context(), transaction.atomic():
        user = User.objects.create_superuser(email, password, name=name)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        audit.record("operator.created", actor=actor, target=user.email)
    return user


def operator_change(*, operator_id: Any, name: str, language: str, actor: User) -> None:
    """Change the name and language of an operator. Raises `ValidationError`."""
    refuse_control_characters(name.strip())
    with public_context(), transaction.atomic():
        operator = User.objects.select_for_update().get(pk=operator_id, role=Role.OPERATOR)
        before = {"name": operator.name, "language": operator.language}
        after = {"name": name.strip(), "language": language}
        changed = sorted(key for key in after if before[key] != after[key])
        if changed:
            operator.name, operator.language = after["name"], after["language"]
            operator.save(update_fields=changed)
            audit.record("operator.changed", actor=actor, target=operator.email, fields=", ".join(changed))


def record_row_change(*, target: str, row: str, added: bool, actor: User, **details: str) -> None:
    """Audit a row added or changed by a form of the console, in this transaction. `row`: the model's label."""
    audit.record("row.added" if added else "row.changed", actor=actor, target=target, row=row, **details)


def operator_set_active(*, operator_id: Any, active: bool, reason: str, actor: User) -> None:
    """Activate or deactivate an operator, whose sessions then end at the next request.

    Raises `PermissionDenied` if operators deactivate themselves.
    """
    if not active and operator_id == actor.pk:
        raise PermissionDenied
    with public_context(), transaction.atomic():
        operator = User.objects.select_for_update().get(pk=operator_id, role=Role.OPERATOR)
        operator.is_active = active
        operator.save(update_fields=["is_active"])
        action = "operator.reactivated" if active else "operator.deactivated"
        audit.record(action, actor=actor, target=operator.email, reason=reason)


def create_workspace_owner(
    tenant: TenantRef,
    *,
    email: str,
    password: str,
    must_change_password: bool,
    owner_name: str = "",
    actor: str = SYSTEM,
    **_details: Any,
) -> None:
    """Lifecycle step "made": creates the owner and the first entry of the audit log.

    Raises `ValidationError` for a weak password, unless it was generated and must be changed.
    """
    with tenant_context(tenant):
        if not must_change_password:
            validate_password(password, User(email=email, name=owner_name))
        user_create(
            email=email,
            password=password,
            role=Role.OWNER,
            name=owner_name,
            must_change_password=must_change_password,
        )
    _record_in_both_logs(tenant, "tenant.created", actor, plan=tenant.plan_code)


def audit_deletion(tenant: TenantRef, *, reason: str, actor: str, **_details: Any) -> None:
    """Lifecycle step "deleting": writes to the operator's log only, as the workspace's is deleted with its schema."""
    with public_context():
        _record_in_public("tenant.deleted", tenant, actor, reason=reason)


def audit_state_change(tenant: TenantRef, *, before: str, reason: str, actor: str) -> None:
    """Lifecycle step "state_changed": writes the change and its reason to both logs."""
    _record_in_both_logs(tenant, "tenant.state_changed", actor, before=before, after=tenant.state, reason=reason)


def audit_plan_change(tenant: TenantRef, *, before: str, reason: str, actor: str) -> None:
    """Lifecycle step "plan_changed"."""
    _record_in_both_logs(tenant, "tenant.plan_changed", actor, before=before, after=tenant.plan_code, reason=reason)


def audit_trial_extended(tenant: TenantRef, *, before: datetime | None, reason: str, actor: str) -> None:
    """Lifecycle step "trial_extended"."""
    ends = tenant.trial_ends_at
    days = {"before": before.isoformat() if before else "", "after": ends.isoformat() if ends else ""}
    _record_in_both_logs(tenant, "tenant.trial_extended", actor, reason=reason, **days)


def owner_contacts() -> list[tuple[str, str]]:
    """(e-mail, name) of the active owners of the workspace in context."""
    owners = User.objects.filter(role=Role.OWNER, is_active=True).order_by("date_joined")
    return list(owners.values_list("email", "name"))


def operator_contacts() -> list[tuple[str, str, str]]:
    """(e-mail, name, language) of the active operators. In the public schema."""
    operators = User.objects.filter(role=Role.OPERATOR, is_active=True).order_by("date_joined")
    return list(operators.values_list("email", "name", "language"))


def _record_in_both_logs(tenant: TenantRef, action: str, actor: str, **details: Any) -> None:
    with tenant_context(tenant):
        audit.record(action, label=actor, target=tenant.slug, **details)
    with public_context():
        _record_in_public(action, tenant, actor, **details)


def _record_in_public(action: str, tenant: TenantRef, actor: str, **details: Any) -> None:
    """Write to the operator's log, with the operator's id if the actor is an operator's e-mail."""
    operator = User.objects.filter(email=actor, role=Role.OPERATOR).first() if "@" in actor else None
    audit.record(action, actor=operator, label=actor, target=tenant.slug, **details)


def record_password_change(user: User) -> None:
    """Clear `must_change_password` and audit a password that the user has chosen."""
    if user.must_change_password:
        User.objects.filter(pk=user.pk).update(must_change_password=False)
        user.must_change_password = False
    audit.record("user.password_changed", actor=user, target=user.email)


def record_address_change(*, user: User, **_signal: Any) -> None:
    """Receiver of allauth's `email_changed`: records the fact. Operators have none."""
    if user.role != Role.OPERATOR:
        with transaction.atomic():
            record(MemberAddressChanged(subject_id=user.pk, actor_id=user.pk))
