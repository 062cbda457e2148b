"""PostgreSQL through two roles (application and owner), Redis, and the caches."""

import sys
from typing import Any

from config.settings.env import env

__all__ = [
    "ADMISSION_SECONDS",
    "CACHES",
    "DATABASES",
    "DATABASE_OWNER_URL",
    "DATABASE_ROUTERS",
    "DB_APP_ROLE",
    "DOMAIN_CACHE_SECONDS",
    "REDIS_QUICK_SECONDS",
    "REDIS_URL",
    "RUNS_AS_OWNER",
    "TENANT_DOMAIN_MODEL",
    "TENANT_MODEL",
    "TENANT_POOL_SIZE",
]

# Commands that change schemas connect as the owner role; all else as the application role, which has no DDL.
OWNER_COMMANDS = {"fleet_migrate", "migrate", "migrate_schemas", "prepare", "schema_baseline"}
RUNS_AS_OWNER = len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS and env.bool("RUCHE_OWNER_COMMANDS", default=True)

DB_APP_ROLE = "ruche_app"
DATABASE_URL: str = env.str("DATABASE_URL", default="postgres:///ruche")
DATABASE_OWNER_URL: str = env.str("DATABASE_OWNER_URL", default=DATABASE_URL)
REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")

_default: dict[str, Any] = dict(env.db_url_config(DATABASE_OWNER_URL if RUNS_AS_OWNER else DATABASE_URL))
_default["ENGINE"] = "tenants.backend"
_default["CONN_MAX_AGE"] = 0
# A request returns its connection between two steps (tenants/executors.py), so a server-side cursor would be read on a
# connection in use elsewhere. Without them `iterator()` fetches all rows at once.
_default["DISABLE_SERVER_SIDE_CURSORS"] = True
_default.setdefault("OPTIONS", {})
if not RUNS_AS_OWNER:
    _default["OPTIONS"]["pool"] = {
        "min_size": env.int("DB_POOL_MIN", default=2),
        "max_size": env.int("DB_POOL_MAX", default=10),
        # Seconds to wait for a connection; the web process sets a shorter time (config/asgi.py).
        "timeout": env.float("DB_POOL_TIMEOUT", default=30),
        # The memory of a PostgreSQL backend grows with every workspace whose tables it has accessed.
        "max_lifetime": env.int("DB_CONNECTION_LIFETIME", default=900),
    }
    if DATABASE_OWNER_URL == DATABASE_URL:
        # With one URL for both, the application still drops the owner's privileges.
        _default["OPTIONS"]["assume_role"] = DB_APP_ROLE
DATABASES = {"default": _default}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
# Number of schemas created in advance, so that creating a workspace does not wait for one.
TENANT_POOL_SIZE: int = env.int("TENANT_POOL_SIZE", default=2)
# Maximum age of a cached host if an invalidation is lost; otherwise a change is visible in milliseconds.
DOMAIN_CACHE_SECONDS = 60
# Maximum wait of a request for admission (tenants/admission.py) before it gets a 503.
ADMISSION_SECONDS: float = env.float("ADMISSION_SECONDS", default=15.0)
# Maximum wait of a page for Redis; then it goes on without.
REDIS_QUICK_SECONDS: float = env.float("REDIS_QUICK_SECONDS", default=0.3)

CACHES = {
    "default": {
        "BACKEND": "tenants.cache.RedisOrLocalCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "tenants.cache.make_key",
        "KEY_PREFIX": "ruche:",
    },
    # Parts of public pages, kept by each process under a digest of all that they show.
    "parts": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "parts",
        "OPTIONS": {"MAX_ENTRIES": 100},
    },
}
