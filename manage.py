#!/usr/bin/env python
"""Django's command line. Django's own commands act in the public schema; ours enter a context themselves.

Typed beside `make run`, it works on the servers of that run.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Commands of Django and of libraries that query without knowing of workspaces.
IN_PUBLIC = {
    "check",
    "dbshell",
    "makemigrations",
    "migrate",
    "migrate_schemas",
    "rqstats",
    "shell",
    "showmigrations",
    "sqlmigrate",
}


def use_own_python() -> None:
    """Called by a Python without Django, go on in the one that `make` made."""
    own = HERE / ".venv" / "bin" / "python"
    if importlib.util.find_spec("django") is None and own.exists():
        os.execv(own, [str(own), *sys.argv])  # noqa: S606 - our own interpreter


def take_up_environment_of_run() -> None:
    """The addresses of the run that goes on in the state directory, where the environment names no database."""
    state = HERE / os.environ.get("RUCHE_STATE_DIR", ".ruche") / "environment.json"
    if "SECRET_KEY" in os.environ or not state.exists():
        return
    for name, value in json.loads(state.read_text(encoding="utf-8")).items():
        os.environ.setdefault(name, value)


def main() -> None:
    use_own_python()
    take_up_environment_of_run()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from tenants.context import PUBLIC, set_context

    if len(sys.argv) > 1 and sys.argv[1] in IN_PUBLIC:
        set_context(PUBLIC)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
