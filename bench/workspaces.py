"""Fast creation of many workspaces: replayed schemas and their rows, without mails and users."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

_INSERT_TENANT = (
    "INSERT INTO public.tenants_tenant (id, schema_name, applied, slug, name, email, state, state_reason, state_since,"
    " plan_code, language, logo, version, created_at)"
    " SELECT gen_random_uuid(), schema_name, applied, %s, 'Mesure', 'x@mesure.test', 'active', '', now(),"
    " 'starter', 'fr', '', 0, now() FROM public.tenants_readyschema WHERE schema_name = %s RETURNING id"
)
_CLAIM_SCHEMA = "UPDATE public.tenants_readyschema SET tenant_id = %s WHERE schema_name = %s"
_INSERT_DOMAIN = (
    "INSERT INTO public.tenants_domain (id, domain, is_primary, tenant_id) VALUES (gen_random_uuid(), %s, true, %s)"
)


@dataclass(frozen=True)
class CreatedWorkspace:
    slug: str
    schema_name: str
    host: str


def make(owner: psycopg.Connection, count: int, slug: str, base_host: str) -> Iterator[CreatedWorkspace]:
    """Create `count` workspaces named `slug`-0 and on, each committed, on a connection of the owner."""
    from tenants import pool

    for number in range(count):
        name = f"{slug}-{number}"
        created = CreatedWorkspace(name, pool._create(owner), f"{name}.{base_host}")
        (key,) = owner.execute(_INSERT_TENANT, [created.slug, created.schema_name]).fetchone() or ()
        owner.execute(_CLAIM_SCHEMA, [key, created.schema_name])
        owner.execute(_INSERT_DOMAIN, [created.host, key])
        owner.commit()
        yield created
