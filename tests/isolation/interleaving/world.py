"""Fifty workspaces that differ in one word only: the same keys, e-mails and sessions, each row with its own mark.

A read from next door so finds a row, and a plausible one; its mark tells.
"""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import Role, User
from analytics.models import ActiveMember
from conversations.models import Conversation
from library.models import Item
from tenants.context import TenantRef, public_context, tenant_context
from tenants.models import Domain, ReadySchema, Tenant
from tenants.pool import create_ready_schema
from tenants.sql import owner_transaction

SIZE = 50
PREFIX = "ruche-"
PUBLIC = "public"
PERSON = UUID(int=1)
COUNTER, *OTHERS = ITEMS = [UUID(int=number) for number in range(10, 16)]
THREAD = UUID(int=20)
SESSION = "interleaved" * 2
PLANTED = "planted"
FILE = "mark.txt"


@dataclass(frozen=True)
class Place:
    """A workspace, or public (`ref` None). `mark` is the word that all of its rows carry."""

    ref: TenantRef | None

    @property
    def name(self) -> str:
        return self.ref.slug if self.ref else PUBLIC

    @property
    def mark(self) -> str:
        return f"mark-{self.name.removeprefix(PREFIX)}"

    @property
    def host(self) -> str:
        return self.ref.domain if self.ref else settings.BASE_HOST

    @property
    def schema(self) -> str:
        return self.ref.schema_name if self.ref else PUBLIC

    def inside(self) -> AbstractContextManager[object]:
        return tenant_context(self.ref) if self.ref else public_context()


def places() -> dict[str, Place]:
    """All places by name, public last. As `build` left them: any process can ask."""
    with public_context():
        rows = Domain.objects.select_related("tenant").filter(tenant__slug__startswith=PREFIX).order_by("domain")
        found = [Place(row.tenant.ref(row.domain)) for row in rows]
    return {place.name: place for place in [*found, Place(None)]}


@contextmanager
def built() -> Iterator[dict[str, Place]]:
    """The world, made and taken away again."""
    for number in range(SIZE):
        _make(f"{PREFIX}{number:02d}")
    world = places()
    # Random, as nobody ever signs in with it; the same in all, so that a session of one would do for each.
    password = User(email="x@rows.test")
    password.set_unusable_password()
    for place in world.values():
        with place.inside():
            _plant(place, password.password)
    try:
        yield world
    finally:
        _remove(world)


def _make(slug: str) -> None:
    with public_context():
        ready = ReadySchema.objects.get(schema_name=create_ready_schema())
        tenant = Tenant(slug=slug, name=slug.title(), email=f"{slug}@rows.test", plan_code="pro")
        tenant.schema_name, tenant.applied = ready.schema_name, ready.applied
        tenant.save(force_insert=True)
        ready.tenant = tenant
        ready.save(update_fields=["tenant"])
        Domain.objects.create(tenant=tenant, domain=f"{slug}.{settings.BASE_HOST}", is_primary=True)


def _plant(place: Place, password: str) -> None:
    role = Role.MEMBER if place.ref else Role.OPERATOR
    person = User.objects.create(
        id=PERSON, email="same@rows.test", name=place.mark, role=role, password=password, is_staff=not place.ref
    )
    data = {
        SESSION_KEY: str(PERSON),
        BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
        HASH_SESSION_KEY: person.get_session_auth_hash(),
    }
    ends = timezone.now() + timedelta(days=1)
    Session.objects.create(session_key=SESSION, session_data=SessionStore().encode(data), expire_date=ends)
    if place.ref is None:
        return
    thread = Conversation.objects.create(id=THREAD, author=person, assistant_id=UUID(int=1), title=place.mark)
    Item.objects.bulk_create(
        Item(id=key, kind="text", title=place.mark, text=PLANTED, author=person, conversation=thread) for key in ITEMS
    )
    default_storage.save(f"{place.ref.file_prefix}/{FILE}", ContentFile(place.mark.encode()))


def _remove(world: dict[str, Place]) -> None:
    workspaces = [place.ref for place in world.values() if place.ref]
    keys = [ref.id for ref in workspaces]
    with public_context():
        Session.objects.filter(pk=SESSION).delete()
        ActiveMember.objects.filter(tenant_id__in=keys).delete()
        ReadySchema.objects.filter(tenant_id__in=keys).delete()
        Tenant.objects.filter(pk__in=keys).delete()
    with owner_transaction() as owner:
        # Not by the ORM, which would look for what workspaces' tables hold of them.
        owner.execute("DELETE FROM public.accounts_user WHERE email LIKE '%@rows.test'")
    for ref in workspaces:
        with owner_transaction() as owner:
            owner.execute(f'DROP SCHEMA "{ref.schema_name}" CASCADE'.encode())
        shutil.rmtree(default_storage.path(ref.file_prefix), ignore_errors=True)
