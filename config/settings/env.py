"""Environment variables and values derived from them for the other settings modules."""

from pathlib import Path
from urllib.parse import urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

RUCHE_EMBEDDED: bool = env.bool("RUCHE_EMBEDDED", default=False)
RUCHE_STATE_DIR: Path = Path(env.str("RUCHE_STATE_DIR", default=str(BASE_DIR / ".ruche"))).resolve()
RUCHE_BASE_URL: str = env.str("RUCHE_BASE_URL", default="http://localhost:8000").rstrip("/")

_parts = urlsplit(RUCHE_BASE_URL)
BASE_SCHEME: str = _parts.scheme
BASE_HOST: str = _parts.hostname or "localhost"
BASE_PORT: str = f":{_parts.port}" if _parts.port else ""

# Where contents that a browser runs are shown, a star for the label (tenants/content). Blank: they are only downloaded.
_beside: str = f"{BASE_SCHEME}://*.content.{BASE_HOST}{BASE_PORT}" if RUCHE_EMBEDDED else ""
RUCHE_CONTENT_BASE_URL: str = env.str("RUCHE_CONTENT_BASE_URL", default=_beside).rstrip("/").lower()
