"""A process that has loaded the platform once, and forks a child for each command.

A start of `manage.py` costs 1.5 s of a processor before the command begins, and the tests of this folder run sixty.
Commands that are killed or interrupted in the middle run in a process of their own (`Fleet.start`).
"""

import importlib
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any

from tests.servers import ROOT

PATIENCE = 120.0


class Warm:
    """`run(arguments, environment)` does what `subprocess.run` would. The process that forks starts with the first."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, arguments: tuple[str, ...], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """`arguments`: of `manage.py`, or "-m", a module with a `main()`, and its own."""
        process = self._started(environment)
        assert process.stdin and process.stdout
        with tempfile.TemporaryDirectory() as place:
            out, err = Path(place, "out"), Path(place, "err")
            asked = {"argv": arguments, "environment": environment, "out": str(out), "err": str(err)}
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            if not select.select([process.stdout], [], [], PATIENCE)[0]:
                self.stop()
                raise subprocess.TimeoutExpired(arguments, PATIENCE)
            returned = process.stdout.readline()
            assert returned, "the process that forks has died"
            return subprocess.CompletedProcess(arguments, int(returned), out.read_text(), err.read_text())

    def _started(self, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        if self._process is None:
            pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
            plain = environment | {"RUCHE_TEST_MIGRATIONS": "{}"}
            self._process = subprocess.Popen([sys.executable, "-m", __name__], cwd=ROOT, env=plain, **pipes)
        return self._process

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def main() -> None:
    import django

    django.setup()
    _load()
    # What is forked takes no thread along, and must not share a connection.
    assert threading.active_count() == 1
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(asked)
        _pid, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _load() -> None:
    """The modules that the commands import when they begin."""
    from django.conf import settings
    from django.core.management import get_commands, load_command_class

    for name in ("fleet_migrate", "migrate_schemas"):
        load_command_class(get_commands()[name], name)
    for name in ("tests.fleet.ask", settings.TENANT_URLCONF, settings.PUBLIC_URLCONF):
        importlib.import_module(name)


def _become(asked: dict[str, Any]) -> None:
    """Take up environment and arguments, run, and end with the exit status of a process of its own."""
    code = 1
    try:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT), number)
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.path[:0] = asked["environment"]["PYTHONPATH"].split(os.pathsep)
        run_module = asked["argv"][0] == "-m"
        sys.argv = list(asked["argv"][1:]) if run_module else ["manage.py", *asked["argv"]]
        _take_up_settings()
        importlib.import_module(sys.argv[0] if run_module else "manage").main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _take_up_settings() -> None:
    """What the settings read from environment and arguments: the database, and where migrations are."""
    from django.conf import settings
    from django.db import connections

    database = importlib.reload(importlib.import_module("config.settings.database"))
    for name in database.__all__:
        setattr(settings, name, getattr(database, name))
    settings.MIGRATION_MODULES = json.loads(os.environ["RUCHE_TEST_MIGRATIONS"])
    connections.settings = connections.configure_settings(None)
    if hasattr(connections._connections, "default"):
        del connections["default"]


if __name__ == "__main__":
    main()
