"""Taking the demonstration away: nothing of it remains, and nothing else is touched."""

from uuid import UUID

from django.apps import apps
from django.db import models

from accounts import audit
from accounts.models import AuditEntry
from billing.stripe.customers import forget_customers
from demo.people import FORMER, WORKSPACES
from events.models import StoredFact
from tenants.context import public_context
from tenants.models import Tenant
from tenants.services import tenant_delete_now
from tenants.sql import owner_transaction

REMOVED = "demo.removed"
REASON = "démonstration retirée"


def was_removed() -> bool:
    """Somebody took it away: it does not come back by itself."""
    return AuditEntry.objects.filter(action=REMOVED).exists()


def remove_demo(*, actor: str) -> list[str]:
    """Delete the demonstration's workspaces, with every row about them in public; their short addresses.

    The deletion of a workspace keeps its ledgers, certificates and log, as the law wants of a real one. Of what never
    was, they are deleted too, by the owner's role, which alone may. The operator's account stays: it is the way in.
    """
    gone: list[tuple[UUID, str]] = []
    with public_context():
        for workspace in WORKSPACES:
            row = Tenant.objects.filter(slug=workspace.slug, email=workspace.email).first()
            if row is not None:
                forget_customers(row.pk)
                tenant_delete_now(tenant_id=row.pk, typed_slug=row.slug, reason=REASON, actor=actor)
                gone.append((row.pk, row.slug))
        if gone:
            _delete_traces([*gone, *((UUID(key), slug) for key, slug, *_rest in FORMER)])
        audit.record(REMOVED, label=actor)
    return [slug for _key, slug in gone]


def _delete_traces(gone: list[tuple[UUID, str]]) -> None:
    """The rows that name a workspace by its key, and the mails and lines of the log that name it by its address."""
    keys = [key for key, _slug in gone]
    slugs = [slug for _key, slug in gone]
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
        # That they were deleted is a fact of the platform; a delivery without its fact is dropped.
        facts = f'public."{StoredFact._meta.db_table}"'
        owner.execute(f"DELETE FROM {facts} WHERE subject_id = ANY(%s)".encode(), [keys])
        log = f'public."{AuditEntry._meta.db_table}"'
        owner.execute(f"DELETE FROM {log} WHERE target = ANY(%s)".encode(), [slugs])


def _is_public(owner: object, model: type[models.Model]) -> bool:
    found = owner.execute("SELECT to_regclass(%s)", [f"public.{model._meta.db_table}"]).fetchone()  # type: ignore[attr-defined]
    return bool(found and found[0])
