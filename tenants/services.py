"""The life of a workspace: made, suspended, resumed, closed, deleted. Every state is written here."""

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
TRIAL = timedelta(days=14)
State = Tenant.State
MAX_NAME = 120
MAX_EMAIL = 254


class ReadOnlyWorkspace(Exception):
    """Raised where something would be written or generated in a workspace that may be read only."""


class WorkspaceNameMismatch(Exception):
    """Raised where a workspace is to be deleted for good and the slug typed is not its own."""


@dataclass(frozen=True)
class CreatedWorkspace:
    """What the maker of a workspace is told. `password` is shown once and stored nowhere in clear."""

    tenant: TenantRef
    url: str
    email: str
    password: str


def require_writable() -> TenantRef:
    """The workspace in context, if it may be written to. Raises `ReadOnlyWorkspace`.

    The state is read from the database, not from the request's picture of it, for it may just have changed.
    """
    tenant = current_tenant()
    state = Tenant.objects.filter(pk=tenant.id).values_list("state", flat=True).first()
    if state not in (State.TRIAL, State.ACTIVE, State.PAST_DUE):
        raise ReadOnlyWorkspace(tenant.slug)
    return tenant


def _clean(slug: str, name: str, email: str, allow_reserved: bool) -> None:
    validate_slug(slug, allow_reserved=allow_reserved)
    refuse_control_characters(name.strip())
    if not name.strip():
        raise ValidationError(_("Donnez un nom à l’espace."), code="name_required")
    if len(name.strip()) > MAX_NAME:
        raise ValidationError(
            _("Le nom de l’espace compte au plus %(most)s caractères."), code="name_length", params={"most": MAX_NAME}
        )
    validate_email(email)
    if len(email) > MAX_EMAIL:
        raise ValidationError(_("Cette adresse e-mail est trop longue."), code="email_length")
    if Tenant.objects.filter(slug=slug).exists():
        raise _taken(slug)


def _taken(slug: str) -> ValidationError:
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
    """Make a workspace: schema, domain, owner, welcome mail. On any failure nothing of it is left.

    Its schema was made ahead (tenants/pool.py). Raises `ValidationError`.
    """
    slug, email = slug.strip().lower(), email.strip().lower()
    with public_context():
        _clean(slug, name, email, allow_reserved)
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
                # Somebody took the address between our look and our write.
                raise _taken(slug) from error
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
        trial_ends_at=timezone.now() + TRIAL,
    )
    ready = take_ready_schema()
    tenant.schema_name, tenant.applied = ready.schema_name, ready.applied
    tenant.save(force_insert=True)
    ready.tenant = tenant
    ready.save(update_fields=["tenant"])
    domain = Domain.objects.create(tenant=tenant, domain=f"{slug}.{settings.BASE_HOST}", is_primary=True)
    return tenant.ref(domain.domain)


def change_state(*, tenant_id: Any, state: str, reason: str, actor: str) -> TenantRef:
    """Move a workspace to a state, with the reason kept in the audit log. The same state again changes nothing."""
    with public_context(), transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        before = tenant.state
        if before != state:
            now = timezone.now()
            tenant.state, tenant.state_reason, tenant.state_since = state, reason[:200], now
            if state in (State.ACTIVE, State.PAST_DUE) and tenant.trial_ends_at and tenant.trial_ends_at > now:
                # Who pays tries no more: suspended and resumed, it does not fall back into a trial that ends.
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
    """Read-only from now on: sign in, read, download, export, pay, open tickets."""
    return change_state(tenant_id=tenant_id, state=State.SUSPENDED, reason=reason, actor=actor)


def tenant_resume(*, tenant_id: Any, reason: str, actor: str) -> TenantRef:
    """Back to work: a trial that still runs goes on, otherwise the workspace is active."""
    with public_context():
        ends = Tenant.objects.values_list("trial_ends_at", flat=True).get(pk=tenant_id)
    state = State.TRIAL if ends and ends > timezone.now() else State.ACTIVE
    return change_state(tenant_id=tenant_id, state=state, reason=reason, actor=actor)


def tenant_close(*, tenant_id: Any, reason: str, actor: str) -> TenantRef:
    """Only owners sign in, to export; deleted 30 days later by a job."""
    return change_state(tenant_id=tenant_id, state=State.CLOSED, reason=reason, actor=actor)


def change_plan(*, tenant_id: Any, plan: str, reason: str, actor: str) -> TenantRef:
    """Give a workspace another plan, by the operator's hand. Raises `ValidationError` where there is no such plan."""
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


def change_identity(
    *, tenant_id: Any, name: str, language: str, brand_hue: int | None, logo: str | None = None
) -> TenantRef:
    """Name, language and brand of a workspace; `logo` is a path in the storage, None leaves it as it is."""
    with public_context(), transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        tenant.name, tenant.language, tenant.brand_hue = name, language, brand_hue
        tenant.logo = tenant.logo if logo is None else logo
        tenant.version += 1
        tenant.full_clean(exclude=["schema_name"])
        tenant.save(update_fields=["name", "language", "brand_hue", "logo", "version"])
        selectors.forget_hosts(tenant.pk)
        ref = selectors.ref_of(tenant)
    return ref


def tenant_delete_now(*, tenant_id: Any, typed_slug: str, reason: str, actor: str) -> None:
    """Delete a workspace for good: schema and files. What remains is a certificate and the fiscal records.

    Raises `WorkspaceNameMismatch` unless the slug was typed.
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
        # Last, and alone: a crash before leaves a schema that no row names, never a row without its schema.
        with owner_transaction() as owner:
            owner.execute(f'DROP SCHEMA IF EXISTS "{ref.schema_name}" CASCADE'.encode())
    log.info("workspace deleted slug=%s schema=%s", ref.slug, ref.schema_name)


CLOSED_KEPT = timedelta(days=30)


def delete_closed_workspaces() -> int:
    """Delete the workspaces closed 30 days ago or longer; how many. Scheduled daily."""
    due = Tenant.objects.filter(state=State.CLOSED, state_since__lt=timezone.now() - CLOSED_KEPT)
    rows = list(due.values_list("pk", "slug"))
    for pk, slug in rows:
        tenant_delete_now(tenant_id=pk, typed_slug=slug, reason="fermé depuis 30 jours", actor=SYSTEM)
    return len(rows)
