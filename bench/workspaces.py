"""Many workspaces made by hand: schemas, replayed, and their rows; no mails, no people."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

_TENANT = (
    "INSERT INTO public.tenants_tenant (id, schema_name, applied, slug, name, email, state, state_reason, state_since,"
    " plan_code, language, logo, version, created_at)"
    " SELECT gen_random_uuid(), schema_name, applied, %s, 'Mesure', 'x@mesure.test', 'active', '', now(),"
    " 'starter', 'fr', '', 0, now() FROM public.tenants_readyschema WHERE schema_name = %s RETURNING id"
)
_TAKEN = "UPDATE public.tenants_readyschema SET tenant_id = %s WHERE schema_name = %s"
_DOMAIN = (
    "INSERT INTO public.tenants_domain (id, domain, is_primary, tenant_id) VALUES (gen_random_uuid(), %s, true, %s)"
)


@dataclass(frozen=True)
class Made:
    slug: str
    schema_name: str
    host: str


def make(owner: psycopg.Connection, count: int, slug: str, base_host: str) -> Iterator[Made]:
    """So many workspaces, `slug`-0 and on, each committed; on a connection of the owner's."""
    from tenants import pool

    for number in range(count):
        name = f"{slug}-{number}"
        made = Made(name, pool._create(owner), f"{name}.{base_host}")
        (key,) = owner.execute(_TENANT, [made.slug, made.schema_name]).fetchone() or ()
        owner.execute(_TAKEN, [key, made.schema_name])
        owner.execute(_DOMAIN, [made.host, key])
        owner.commit()
        yield made
