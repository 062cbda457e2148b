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

# Commands that write the schema connect as the owner; everything else as the application, which has no DDL.
OWNER_COMMANDS = {"fleet_migrate", "migrate", "migrate_schemas", "prepare", "schema_baseline"}
RUNS_AS_OWNER = len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS and env.bool("RUCHE_OWNER_COMMANDS", default=True)

DB_APP_ROLE = "ruche_app"
DATABASE_URL: str = env.str("DATABASE_URL", default="postgres:///ruche")
DATABASE_OWNER_URL: str = env.str("DATABASE_OWNER_URL", default=DATABASE_URL)
REDIS_URL: str = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")

_default: dict[str, Any] = dict(env.db_url_config(DATABASE_OWNER_URL if RUNS_AS_OWNER else DATABASE_URL))
_default["ENGINE"] = "tenants.backend"
_default["CONN_MAX_AGE"] = 0
# A request keeps no connection between two of its steps (tenants/executors.py): a cursor of the server would be read
# on a connection that somebody else has by then. `iterator()` reads its rows at once, and hands them on in parts.
_default["DISABLE_SERVER_SIDE_CURSORS"] = True
_default.setdefault("OPTIONS", {})
if not RUNS_AS_OWNER:
    _default["OPTIONS"]["pool"] = {
        "min_size": env.int("DB_POOL_MIN", default=2),
        "max_size": env.int("DB_POOL_MAX", default=10),
        # Seconds until whoever waits for a connection gives up; the web process sets its own (config/asgi.py).
        "timeout": env.float("DB_POOL_TIMEOUT", default=30),
        # A backend's memory grows with every workspace whose tables it touched.
        "max_lifetime": env.int("DB_CONNECTION_LIFETIME", default=900),
    }
    if DATABASE_OWNER_URL == DATABASE_URL:
        # One address given: the application still acts without the owner's rights.
        _default["OPTIONS"]["assume_role"] = DB_APP_ROLE
DATABASES = {"default": _default}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]

TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
# Empty schemas that stand ready, so that making a workspace waits for none.
TENANT_POOL_SIZE: int = env.int("TENANT_POOL_SIZE", default=2)
# What a lost message could leave behind; without loss a change is seen in milliseconds.
DOMAIN_CACHE_SECONDS = 60
# The longest that a request waits for its turn (tenants/admission.py) before it is told to come again.
ADMISSION_SECONDS: float = env.float("ADMISSION_SECONDS", default=15.0)
# The longest that a page waits for Redis, once; then it goes on without.
REDIS_QUICK_SECONDS: float = env.float("REDIS_QUICK_SECONDS", default=0.3)

CACHES = {
    "default": {
        "BACKEND": "tenants.cache.RedisOrLocalCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "tenants.cache.make_key",
        "KEY_PREFIX": "ruche:",
    }
}
