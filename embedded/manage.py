"""`python -m embedded.manage COMMAND…`: runs manage.py with its own servers (.ruche/test), for checks."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

from embedded import postgres, redis
from embedded.errors import StartError
from embedded.files import make_directory
from embedded.programs import MANAGE, is_set
from embedded.signals import Signals, StopRequestedError
from embedded.state import ROOT


def main() -> int:
    signals = Signals()
    signals.install()
    try:
        with signals.interrupting():
            return _manage(sys.argv[1:])
    except StartError as error:
        print(f"ruche: {error}", file=sys.stderr)
        return error.exit_code
    except StopRequestedError:
        return 130


def _manage(arguments: list[str]) -> int:
    directory = make_directory(ROOT / os.environ.get("RUCHE_STATE_DIR", ".ruche")) / "test"
    values = {"SECRET_KEY": secrets.token_urlsafe(48), **os.environ}
    servers: list[postgres.Server | redis.Server] = []
    try:
        if not is_set("DATABASE_URL"):
            database = postgres.start(directory / "postgres", fsync=False)
            servers.append(database)
            values |= {"DATABASE_URL": database.app_url, "DATABASE_OWNER_URL": database.owner_url}
            values |= {"DATABASE_ADMIN_URL": database.admin_url, "PG_DUMP": str(postgres.binary("pg_dump"))}
        if not is_set("REDIS_URL"):
            cache = redis.start(directory / "redis", fsync=False)
            servers.append(cache)
            values["REDIS_URL"] = cache.url
        return subprocess.run([sys.executable, MANAGE, *arguments], env=values, cwd=ROOT, check=False).returncode
    finally:
        for server in servers:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
