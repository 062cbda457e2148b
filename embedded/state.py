"""The state directory: the present run, and recovery of what an earlier run left when it died."""

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
    def from_environment(cls) -> State:
        return cls(ROOT / os.environ.get("RUCHE_STATE_DIR", ".ruche"))

    def claim(self, own_address: str) -> None:
        """Lock the state directory for this run. Raises `BusyError` if another run has it."""
        if not self._lock.take(wait=False):
            record = read_json(self.run_file)
            pid, address = record.get("pid", "?"), record.get("address", "?")
            raise BusyError(f"Ruche already runs here: process {pid}, {address} (to stop it: kill {pid})")
        identity = Identity.of(os.getpid())
        if identity:
            identity.write(self.run_file, address=own_address)

    def save_environment(self, values: dict[str, str]) -> None:
        """Save the environment for manage.py, so that a command beside the run uses the same servers."""
        write_private(self.directory / "environment.json", json.dumps(values))

    def release(self) -> None:
        (self.directory / "environment.json").unlink(missing_ok=True)
        self.run_file.unlink(missing_ok=True)
        self._lock.release()

    def record(self, name: str, identity: Identity) -> None:
        """Record a child, so that a later run can stop it if this run dies."""
        identity.write(self.children / f"{name}.json")

    def forget(self, name: str) -> None:
        (self.children / f"{name}.json").unlink(missing_ok=True)

    def recover(self) -> list[str]:
        """Stop the processes that a dead run has left. Returns their names."""
        stopped = []
        for path in sorted(self.children.glob("*.json")):
            identity = Identity.read(path)
            if identity and processes.family_alive(identity):
                processes.stop(identity, processes.STALE)
                stopped.append(path.stem)
            path.unlink(missing_ok=True)
        stale = {"postgres": postgres.stop_stale, "redis": redis.stop_stale}
        return stopped + [name for name, stop in stale.items() if stop(self.directory / name)]

    def running(self) -> Identity | None:
        """The run that holds the lock, or None."""
        with contextlib.closing(_Probe(self.directory / "run.lock")) as probe:
            return None if probe.free else Identity.read(self.run_file)


def stop_tests(state: State) -> None:
    """Stop the servers that a killed `make test` has left."""
    postgres.stop_stale(state.directory / "test" / "postgres")
    redis.stop_stale(state.directory / "test" / "redis")


class _Probe:
    """Tests whether a lock is free, then releases it."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock(path)
        self.free = self._lock.take(wait=False)

    def close(self) -> None:
        self._lock.release()
