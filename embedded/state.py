"""The state directory: who runs on it now, and what an earlier run that died left behind."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from embedded import postgres, processes, redis
from embedded.errors import BusyError
from embedded.files import Lock, make_directory, read_json, write_private
from embedded.processes import Identity

ROOT = Path(__file__).resolve().parents[1]


class State:
    """Layout: run.lock, run.json (this run), run/*.json (children), log/, secret_key; postgres/, redis/, stripe/."""

    def __init__(self, directory: Path) -> None:
        self.directory = make_directory(directory).resolve()
        self.log_file = make_directory(self.directory / "log") / "ruche.log"
        self.children = make_directory(self.directory / "run")
        self.run_file = self.directory / "run.json"
        self._lock = Lock(self.directory / "run.lock")

    @classmethod
    def of_environment(cls) -> State:
        return cls(ROOT / os.environ.get("RUCHE_STATE_DIR", ".ruche"))

    def claim(self, address: str) -> None:
        """Make this run the only one here."""
        if not self._lock.take(wait=False):
            other = read_json(self.run_file)
            pid, where = other.get("pid", "?"), other.get("address", "?")
            raise BusyError(f"Ruche already runs here: process {pid}, {where} (to stop it: kill {pid})")
        identity = Identity.of(os.getpid())
        if identity:
            identity.write(self.run_file, address=address)

    def keep_environment(self, values: dict[str, str]) -> None:
        """What a command typed beside the run needs to work on the same servers (manage.py reads it)."""
        write_private(self.directory / "environment.json", json.dumps(values))

    def release(self) -> None:
        (self.directory / "environment.json").unlink(missing_ok=True)
        self.run_file.unlink(missing_ok=True)
        self._lock.release()

    def record(self, name: str, identity: Identity) -> None:
        """Note a child, so that a later run can end it if this one dies without doing so."""
        identity.write(self.children / f"{name}.json")

    def forget(self, name: str) -> None:
        (self.children / f"{name}.json").unlink(missing_ok=True)

    def recover(self) -> list[str]:
        """End what a dead run left alive; the names of what was found."""
        found = []
        for path in sorted(self.children.glob("*.json")):
            identity = Identity.read(path)
            if identity and processes.family_alive(identity):
                processes.stop(identity, processes.STALE)
                found.append(path.stem)
            path.unlink(missing_ok=True)
        stale = {"postgres": postgres.stop_stale, "redis": redis.stop_stale}
        return found + [name for name, stop in stale.items() if stop(self.directory / name)]

    def running(self) -> Identity | None:
        """The run that holds this state, if any."""
        with contextlib.closing(_Probe(self.directory / "run.lock")) as probe:
            return None if probe.free else Identity.read(self.run_file)


def stop_tests(state: State) -> None:
    """Stop the servers that a killed `make test` left."""
    postgres.stop_stale(state.directory / "test" / "postgres")
    redis.stop_stale(state.directory / "test" / "redis")


class _Probe:
    """Asks a lock whether somebody holds it, without keeping it."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock(path)
        self.free = self._lock.take(wait=False)

    def close(self) -> None:
        self._lock.release()
