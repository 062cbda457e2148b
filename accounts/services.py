"""Making people, and what the audit log keeps of a workspace's life."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import audit
from accounts.models import Role, User
from events.catalogue import MemberJoined
from events.catalogue import Role as RoleOfFact
from events.services import record
from tenants.actors import SYSTEM
from tenants.context import TenantRef, public_context, tenant_context
from ui.lines import refuse_control_characters


def user_create(
    *, email: str, password: str, role: str, name: str = "", must_change_password: bool = False, language: str = ""
) -> User:
    """Make a person with a confirmed address in the schema of the context. Raises `ValidationError`."""
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
        record(MemberJoined(subject_id=user.pk, role=RoleOfFact(role)))
    return user


def operator_create(*, email: str, password: str, name: str = "", actor: User | None = None) -> User:
    """Make an operator, in the public schema. Raises `ValidationError`."""
    for line in (email.strip(), name.strip()):
        refuse_control_characters(line)
    with public_context(), transaction.atomic():
        user = User.objects.create_superuser(email, password, name=name)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        audit.record("operator.created", actor=actor, target=user.email)
    return user


def operator_change(*, operator_id: Any, name: str, language: str, actor: User) -> None:
    """Another name, another language. Raises `ValidationError`."""
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


def row_kept(*, target: str, row: str, added: bool, actor: User, **details: str) -> None:
    """A row was added or changed by a form of the console, in this transaction. `row`: what it is of."""
    audit.record("row.added" if added else "row.changed", actor=actor, target=target, row=row, **details)


def operator_set_active(*, operator_id: Any, active: bool, reason: str, actor: User) -> None:
    """Let an operator in again, or no longer: their sessions end with the next request. Nobody shuts themselves out."""
    if not active and operator_id == actor.pk:
        raise PermissionDenied
    with public_context(), transaction.atomic():
        operator = User.objects.select_for_update().get(pk=operator_id, role=Role.OPERATOR)
        operator.is_active = active
        operator.save(update_fields=["is_active"])
        action = "operator.reactivated" if active else "operator.deactivated"
        audit.record(action, actor=actor, target=operator.email, reason=reason)


def create_owner_of_new_workspace(
    tenant: TenantRef,
    *,
    email: str,
    password: str,
    must_change_password: bool,
    owner_name: str = "",
    actor: str = SYSTEM,
    **_details: Any,
) -> None:
    """Lifecycle step "made": the owner and the first entry of the audit log.

    Raises `ValidationError` for a password that its owner could not choose; one that was generated is theirs to change.
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
    _audit_both(tenant, "tenant.created", actor, plan=tenant.plan_code)


def audit_deletion(tenant: TenantRef, *, reason: str, actor: str, **_details: Any) -> None:
    """Lifecycle step "deleting": the operator's log keeps it; the workspace's own goes with its schema."""
    with public_context():
        _record_publicly("tenant.deleted", tenant, actor, reason=reason)


def audit_state_change(tenant: TenantRef, *, before: str, reason: str, actor: str) -> None:
    """Lifecycle step "state_changed": both logs keep the move and its reason."""
    _audit_both(tenant, "tenant.state_changed", actor, before=before, after=tenant.state, reason=reason)


def audit_plan_change(tenant: TenantRef, *, before: str, reason: str, actor: str) -> None:
    """Lifecycle step "plan_changed"."""
    _audit_both(tenant, "tenant.plan_changed", actor, before=before, after=tenant.plan_code, reason=reason)


def audit_trial_extended(tenant: TenantRef, *, before: datetime | None, reason: str, actor: str) -> None:
    """Lifecycle step "trial_extended"."""
    ends = tenant.trial_ends_at
    days = {"before": before.isoformat() if before else "", "after": ends.isoformat() if ends else ""}
    _audit_both(tenant, "tenant.trial_extended", actor, reason=reason, **days)


def owner_emails() -> list[tuple[str, str]]:
    """(e-mail, name) of the owners of the workspace in context who can sign in."""
    owners = User.objects.filter(role=Role.OWNER, is_active=True).order_by("date_joined")
    return list(owners.values_list("email", "name"))


def operators_written_to() -> list[tuple[str, str, str]]:
    """(e-mail, name, language) of the operators who can sign in. In the public schema."""
    operators = User.objects.filter(role=Role.OPERATOR, is_active=True).order_by("date_joined")
    return list(operators.values_list("email", "name", "language"))


def _audit_both(tenant: TenantRef, action: str, actor: str, **details: Any) -> None:
    with tenant_context(tenant):
        audit.record(action, label=actor, target=tenant.slug, **details)
    with public_context():
        _record_publicly(action, tenant, actor, **details)


def _record_publicly(action: str, tenant: TenantRef, actor: str, **details: Any) -> None:
    """In the operator's log, under the operator's own key where the actor is one."""
    operator = User.objects.filter(email=actor, role=Role.OPERATOR).first() if "@" in actor else None
    audit.record(action, actor=operator, label=actor, target=tenant.slug, **details)


def password_was_changed(user: User) -> None:
    """The first password, or a forgotten one, is the person's own now."""
    if user.must_change_password:
        User.objects.filter(pk=user.pk).update(must_change_password=False)
        user.must_change_password = False
    audit.record("user.password_changed", actor=user, target=user.email)
