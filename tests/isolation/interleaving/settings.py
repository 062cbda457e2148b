"""What a run of the suite works with: ours, with test-only views, and a database connection of the kind asked for.

RUCHE_CONNECTIONS: "pool" as in production, "kept" (one connection a thread, reused) or "fresh" (one a request).
RUCHE_MODE: "async" as in production, or "sync".
"""

import os
from typing import Any

from config.settings import *  # noqa: F403
from config.settings import DATABASES as CONFIGURED
from config.settings import MIDDLEWARE as ALL

TENANT_URLCONF = PUBLIC_URLCONF = ROOT_URLCONF = "tests.isolation.interleaving.urls"
# Each request would look through all static files anew.
SERVESTATIC_USE_FINDERS = SERVESTATIC_USE_STATIC_ROOT = False

# The one middleware that is async only: with it a sync server would run an event loop for each request.
_ASYNC_ONLY = "servestatic.middleware.ServeStaticMiddleware"
MIDDLEWARE = [name for name in ALL if os.environ["RUCHE_MODE"] == "async" or name != _ASYNC_ONLY]

KIND = os.environ["RUCHE_CONNECTIONS"]
_default: dict[str, Any] = dict(CONFIGURED["default"])
if KIND != "pool":
    _default["OPTIONS"] = {key: value for key, value in _default["OPTIONS"].items() if key != "pool"}
    _default["CONN_MAX_AGE"] = 60 if KIND == "kept" else 0
DATABASES = {"default": _default}
