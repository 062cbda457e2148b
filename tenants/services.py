"""Writes of workspaces: create, suspend, resume, close, delete, change plan and identity."""

import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants import lifecycle, queue, selectors
from tenants.actors import SYSTEM
from tenants.context import TenantRef, current_tenant, public_context
from tenants.models import DeletionCertificate, Domain, ReadySchema, Tenant
from tenants.pool import take_ready_schema
from tenants.slugs import validate_slug
from tenants.sql import owner_transaction
from ui.lines import refuse_control_characters

log = logging.getLogger(__name__)
TRIAL_LENGTH = timedelta(days=14)
State = Tenant.State
MAX_NAME_LENGTH = 120
MAX_EMAIL_LENGTH = 254


class ReadOnlyWorkspace(Exception):
    """Raised by a write or a generation in a read-only workspace."""


class WorkspaceNameMismatch(Exception):
    """Raised when the slug typed to confirm a deletion is not the workspace's."""


@dataclass(frozen=True)
class CreatedWorkspace:
    """Result of `tenant_create`. `password` is in clear, is shown once and never stored so."""

    tenant: TenantRef
    url: str
    email: str
    password: str


def require_writable() -> TenantRef:
    """The workspace in context. Raises `ReadOnlyWorkspace` if it is read-only.

    The state is read from the database: the request's snapshot may be outdated.
    """
    tenant = current_tenant()
    state = Tenant.objects.filter(pk=tenant.id).values_list("state", flat=True).first()
    if state not in (State.TRIAL, State.ACTIVE, State.PAST_DUE):
        raise ReadOnlyWorkspace(tenant.slug)
    return tenant


def _validate(slug: str, name: str, email: str, allow_reserved: bool) -> None:
    validate_slug(slug, allow_reserved=allow_reserved)
    refuse_control_characters(name.strip())
    if not name.strip():
        raise ValidationError(_("Donnez un nom à l’espace."), code="name_required")
    if len(name.strip()) > MAX_NAME_LENGTH:
        raise ValidationError(
            _("Le nom de l’espace compte au plus %(most)s caractères."),
            code="name_length",
            params={"most": MAX_NAME_LENGTH},
        )
    validate_email(email)
    if len(email) > MAX_EMAIL_LENGTH:
        raise ValidationError(_("Cette adresse e-mail est trop longue."), code="email_length")
    if Tenant.objects.filter(slug=slug).exists():
        raise _slug_taken(slug)


def _slug_taken(slug: str) -> ValidationError:
    return ValidationError(_("L’adresse « %(slug)s » est déjà prise."), code="slug_taken", params={"slug": slug})


def tenant_create(
    *,
    slug: str,
    name: str,
    email: str,
    plan: str = "starter",
    password: str | None = None,
    language: str = "fr",
    allow_reserved: bool = False,
    **details: Any,
) -> CreatedWorkspace:
    """Create a workspace with its domain, owner and welcome mail, in one transaction.

    The schema comes from the pool (tenants/pool.py). Raises `ValidationError`.
    """
    slug, email = slug.strip().lower(), email.strip().lower()
    with public_context():
        _validate(slug, name, email, allow_reserved)
        try:
            with transaction.atomic():
                ref = _create_rows(slug, name.strip(), email, plan, language)
                selectors.forget_hosts(ref.id)
                generated = password or secrets.token_urlsafe(12)
                lifecycle.run(
                    "made", ref, email=email, password=generated, must_change_password=password is None, **details
                )
                queue.enqueue("tenants.pool.refill_ready_schemas")
        except IntegrityError as error:
            if Tenant.objects.filter(slug=slug).exists():
                # The slug was taken between the check and the insert.
                raise _slug_taken(slug) from error
            raise
    log.info("workspace made slug=%s schema=%s", slug, ref.schema_name)
    return CreatedWorkspace(ref, selectors.tenant_url(ref.domain), email, generated)


def _create_rows(slug: str, name: str, email: str, plan: str, language: str) -> TenantRef:
    tenant = Tenant(
        slug=slug,
        name=name,
        email=email,
        plan_code=plan,
        language=language,
        trial_ends_at=timezone.now() + TRIAL_LENGTH,
    )
    ready = take_ready_schema()
    tenant.schema_name, tenant.applied = ready.schema_name, ready.applied
    tenant.save(force_insert=True)
    ready.tenant = tenant
    ready.save(update_fields=["tenant"])
    domain = Domain.objects.create(tenant=tenant, domain=f"{slug}.{settings.BASE_HOST}", is_primary=True)
    return tenant.ref(domain.domain)


def change_state(*, tenant_id: Any, state: str, reason: str, actor: str) -> TenantRef:
    """Set the state of a workspace and log the reason in the audit log. No effect if it already has this state."""
    with public_context(), transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        before = tenant.state
        if before != state:
            now = timezone.now()
            tenant.state, tenant.state_reason, tenant.state_since = state, reason[:200], now
            if state in (State.ACTIVE, State.PAST_DUE) and tenant.trial_ends_at and tenant.trial_ends_at > now:
                # A paying workspace has no trial: otherwise suspend and resume would put it back into one.
                tenant.trial_ends_at = now
            tenant.version += 1
            tenant.save(update_fields=["state", "state_reason", "state_since", "trial_ends_at", "version"])
            selectors.forget_hosts(tenant.pk)
            lifecycle.run(
                "state_changed",
                selectors.ref_of(tenant),
                before=before,
                reason=reason,
                actor=actor,
            )
        ref = selectors.ref_of(tenant)
    return ref


def tenant_suspend(*, tenant_id: Any, reason: str, actor: str) -> TenantRef:
    """Make a workspace read-only: people may sign in, read, download, export, pay and open tickets."""
    return change_state(tenant_id=tenant_id, state=State.SUSPENDED, reason=reason, actor=actor)


def tenant_resume(*, tenant_id: Any, reason: str, actor: str) -> TenantRef:
    """End a suspension: the state becomes trial if the trial has not ended, otherwise active."""
    with public_context():
        ends = Tenant.objects.values_list("trial_ends_at", flat=True).get(pk=tenant_id)
    state = State.TRIAL if ends and ends > timezone.now() else State.ACTIVE
    return change_state(tenant_id=tenant_id, state=state, reason=reason, actor=actor)


def tenant_close(*, tenant_id: Any, reason: str, actor: str) -> TenantRef:
    """Close a workspace: only owners may sign in, to export. A job deletes it after 30 days."""
    return change_state(tenant_id=tenant_id, state=State.CLOSED, reason=reason, actor=actor)


def change_plan(*, tenant_id: Any, plan: str, reason: str, actor: str) -> TenantRef:
    """Set the plan of a workspace, as the operator. Raises `ValidationError` for an unknown plan."""
    with public_context(), transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        before, tenant.plan_code = tenant.plan_code, plan
        tenant.version += 1
        tenant.save(update_fields=["plan_code", "version"])
        selectors.forget_hosts(tenant.pk)
        ref = selectors.ref_of(tenant)
        if before != plan:
            lifecycle.run("plan_changed", ref, before=before, reason=reason, actor=actor)
    return ref


def change_identity(*, tenant_id: Any, **fields: Any) -> TenantRef:
    """Set some of name, language, brand_hue and logo (a storage path) of a workspace. Raises `ValidationError`."""
    if unknown := fields.keys() - {"name", "language", "brand_hue", "logo"}:
        raise TypeError(f"not part of an identity: {sorted(unknown)}")
    with public_context(), transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        for field, value in fields.items():
            setattr(tenant, field, value)
        tenant.version += 1
        tenant.full_clean(exclude=["schema_name"])
        tenant.save(update_fields=[*fields, "version"])
        selectors.forget_hosts(tenant.pk)
        ref = selectors.ref_of(tenant)
    return ref


def tenant_delete_now(*, tenant_id: Any, typed_slug: str, reason: str, actor: str) -> None:
    """Delete a workspace with schema and files. A deletion certificate and the fiscal records remain.

    Raises `WorkspaceNameMismatch` unless `typed_slug` is the workspace's slug.
    """
    with public_context():
        tenant = Tenant.objects.get(pk=tenant_id)
        if typed_slug != tenant.slug:
            raise WorkspaceNameMismatch(tenant.slug)
        ref = selectors.ref_of(tenant)
        with transaction.atomic():
            lifecycle.run("deleting", ref, reason=reason, actor=actor)
            DeletionCertificate.objects.create(
                tenant_id=tenant.pk,
                slug=tenant.slug,
                name=tenant.name,
                reason=f"{reason} ({actor})"[:200],
                created_at=tenant.created_at,
            )
            ReadySchema.objects.filter(schema_name=ref.schema_name).delete()
            tenant.delete()
            selectors.forget_hosts(ref.id)
        # After the commit: a crash in between leaves an orphan schema, never a row without its schema.
        with owner_transaction() as owner:
            owner.execute(f'DROP SCHEMA IF EXISTS "{ref.schema_name}" CASCADE'.encode())
    log.info("workspace deleted slug=%s schema=%s", ref.slug, ref.schema_name)


CLOSED_RETENTION = timedelta(days=30)


def delete_closed_workspaces() -> int:
    """Delete the workspaces closed for 30 days. Returns how many. Scheduled daily."""
    due = Tenant.objects.filter(state=State.CLOSED, state_since__lt=timezone.now() - CLOSED_RETENTION)
    rows = list(due.values_list("pk", "slug"))
    for pk, slug in rows:
        tenant_delete_now(tenant_id=pk, typed_slug=slug, reason="fermé depuis 30 jours", actor=SYSTEM)
    return len(rows)
