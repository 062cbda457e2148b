"""Removal of the demonstration with all its rows, and of nothing else."""

from uuid import UUID

from django.apps import apps
from django.db import models

from accounts import audit
from accounts.models import AuditEntry
from billing.api import forget_customers
from demo.site import clear_site
from demo.workspaces import FORMER_CUSTOMERS, WORKSPACES
from events.models import StoredFact
from tenants.context import public_context
from tenants.models import Tenant
from tenants.services import tenant_delete_now
from tenants.sql import owner_transaction

REMOVED = "demo.removed"
REASON = "démonstration retirée"


def was_removed() -> bool:
    """Whether the demonstration was removed; then it is not created again."""
    return AuditEntry.objects.filter(action=REMOVED).exists()


def remove_demo(*, actor: str) -> list[str]:
    """Delete the workspaces of the demonstration with every row about them in public, and what it put on the site.

    Returns their slugs. The deletion of a workspace keeps its ledgers, certificates and audit entries, as required by
    law for real ones. Here they are deleted as well, with the owner's database role. The operator's account stays, to
    give access.
    """
    deleted: list[tuple[UUID, str]] = []
    with public_context():
        for workspace in WORKSPACES:
            row = Tenant.objects.filter(slug=workspace.slug, email=workspace.email).first()
            if row is not None:
                forget_customers(row.pk)
                tenant_delete_now(tenant_id=row.pk, typed_slug=row.slug, reason=REASON, actor=actor)
                deleted.append((row.pk, row.slug))
        clear_site()
        if deleted:
            _delete_traces([*deleted, *((UUID(key), slug) for key, slug, *_rest in FORMER_CUSTOMERS)])
        audit.record(REMOVED, label=actor)
    return [slug for _key, slug in deleted]


def _delete_traces(workspaces: list[tuple[UUID, str]]) -> None:
    """Delete the rows in public that refer to workspaces (id, slug): by id, and mails and audit entries by slug."""
    keys = [key for key, _slug in workspaces]
    slugs = [slug for _key, slug in workspaces]
    with owner_transaction() as owner:
        for model in apps.get_models():
            names = {field.name for field in model._meta.concrete_fields}
            table = f'public."{model._meta.db_table}"'
            if not model._meta.managed or model._meta.proxy or not _is_public(owner, model):
                continue
            if "tenant_id" in names and not isinstance(model._meta.get_field("tenant_id"), models.ForeignKey):
                owner.execute(f"DELETE FROM {table} WHERE tenant_id = ANY(%s)".encode(), [keys])
            elif "tenant_slug" in names:
                owner.execute(f"DELETE FROM {table} WHERE tenant_slug = ANY(%s)".encode(), [slugs])
        # The fact of a deletion has the workspace as its subject. A delivery without its fact is dropped.
        facts = f'public."{StoredFact._meta.db_table}"'
        owner.execute(f"DELETE FROM {facts} WHERE subject_id = ANY(%s)".encode(), [keys])
        log = f'public."{AuditEntry._meta.db_table}"'
        owner.execute(f"DELETE FROM {log} WHERE target = ANY(%s)".encode(), [slugs])


def _is_public(owner: object, model: type[models.Model]) -> bool:
    row = owner.execute("SELECT to_regclass(%s)", [f"public.{model._meta.db_table}"]).fetchone()  # type: ignore[attr-defined]
    return bool(row and row[0])
