"""Another process of the platform, asked line by line."""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Three start at once: on a machine that is full, the first answer takes a while.
PATIENCE = 90.0


class Peer:
    """A process with the settings of the run. `ask` calls a function of `Commands` there."""

    def __init__(self, *, redis_url: str = "") -> None:
        environment = os.environ | {"DB_POOL_MIN": "1", "DB_POOL_MAX": "3", "DJANGO_SETTINGS_MODULE": "tests.settings"}
        if redis_url:
            environment["REDIS_URL"] = redis_url
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.tenants.peer"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Lines read ahead could not be waited for.
            bufsize=0,
        )
        self._asked = 0

    def begin(self, name: str, /, **arguments: Any) -> None:
        self._asked += 1
        self._process.stdin.write(json.dumps([self._asked, name, arguments]).encode() + b"\n")

    def end(self) -> Any:
        """The value of the last `begin`; what a test that failed left unread is passed over."""
        answer = {"number": 0}
        while answer["number"] != self._asked:
            assert select.select([self._process.stdout], [], [], PATIENCE)[0], "the peer says nothing"
            line = self._process.stdout.readline()
            assert line, "the peer has died"
            answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def ask(self, name: str, /, **arguments: Any) -> Any:
        self.begin(name, **arguments)
        return self.end()

    def stop(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)


class Commands:
    """What a peer can be asked to do. Arguments and values are JSON."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}
        self.heard: list[str] = []

    # -- the broadcast

    def listen(self, topic: str) -> None:
        from tenants import broadcast

        broadcast.subscribe(topic, self.heard.append)
        self.until_connected()
        self.heard.clear()

    def until_connected(self) -> float:
        from tenants import broadcast

        return _until(broadcast.connected)

    def connected(self) -> bool:
        from tenants import broadcast

        return broadcast.connected()

    def hears(self, key: str, seconds: float = 5.0) -> float:
        return _until(lambda: key in self.heard, seconds)

    def all_heard(self) -> list[str]:
        heard, self.heard[:] = list(self.heard), []
        return heard

    def publish(self, topic: str, key: str) -> bool:
        from tenants import broadcast

        return broadcast.publish(topic, key)

    def fork_and_hear(self, key: str) -> list[Any]:
        """What the child of a fork finds: whether it listened at once, when it did, and when it heard the key."""
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            from tenants import broadcast

            self.heard.clear()
            at_once = broadcast.connected()
            found = [at_once, _until(broadcast.connected)]
            os.write(writing, b".")
            found.append(self.hears(key))
            os.write(writing, json.dumps(found).encode())
            os._exit(0)
        os.read(reading, 1)
        self.publish("peers", key)
        found = json.loads(os.read(reading, 4096))
        os.waitpid(child, 0)
        os.close(reading), os.close(writing)
        return found

    # -- hosts

    def ref(self, host: str) -> dict[str, Any] | None:
        """The workspace found, and what it took: queries, seconds, whether this process knew it."""
        from tenants import host_cache, selectors

        known = host_cache.find_in_memory(host) is not None
        started = time.perf_counter()
        with _queries() as captured:
            found = selectors.tenant_for_host(host)
        took = time.perf_counter() - started
        if found is None:
            return None
        picture = {name: getattr(found, name) for name in ("state", "plan_code", "name", "version", "domain")}
        return picture | {"queries": len(captured), "seconds": took, "known": known}

    def until(self, host: str, field: str, value: Any, seconds: float = 5.0) -> float:
        """Seconds until the workspace at a host is seen so; `field` "found": whether there is one."""

        def seen() -> bool:
            found = self.ref(host)
            return (found is not None) == value if field == "found" else bool(found and found[field] == value)

        return _until(seen, seconds)

    def until_known(self, host: str) -> dict[str, Any]:
        """What is found once this process knows the host by itself: a listener that gets no CPU is not believed."""
        _until(lambda: self.ref(host)["known"])
        return self.ref(host)

    def versions(self, host: str, last: int, seconds: float = 20.0) -> list[int]:
        """What is seen at a host, again and again, until the last version is."""
        found = [-1]
        until = time.monotonic() + seconds
        while found[-1] != last and time.monotonic() < until:
            found.append(self.ref(host)["version"])
        return found

    def call(self, service: str, **arguments: Any) -> None:
        from tenants import services
        from tenants.context import public_context

        with public_context():
            getattr(services, service)(**arguments)

    def rename(self, tenant_id: str, name: str) -> None:
        self.call("change_identity", tenant_id=tenant_id, name=name, language="fr", brand_hue=None)

    def domains(self, tenant_id: str, add: str = "", remove: str = "", primary: str = "") -> None:
        """Write a workspace's domains, as a service would."""
        from django.db import transaction

        from tenants import selectors
        from tenants.context import public_context
        from tenants.models import Domain, Tenant

        with public_context(), transaction.atomic():
            tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
            if add:
                Domain.objects.create(tenant=tenant, domain=add, is_primary=False)
            if remove:
                Domain.objects.filter(tenant=tenant, domain=remove).delete()
            if primary:
                Domain.objects.filter(tenant=tenant).update(is_primary=False)
                Domain.objects.filter(tenant=tenant, domain=primary).update(is_primary=True)
            tenant.version += 1
            tenant.save(update_fields=["version"])
            selectors.forget_hosts(tenant.pk)

    def suspend_and_roll_back(self, tenant_id: str, host: str) -> list[str]:
        """The states seen inside the transaction and after it was undone."""
        from django.db import transaction

        from tenants import services
        from tenants.context import public_context

        seen = [self.ref(host)["state"]]
        with public_context(), transaction.atomic():
            services.tenant_suspend(tenant_id=tenant_id, reason="essai", actor="test")
            seen.append(self.ref(host)["state"])
            transaction.set_rollback(True)
        return [*seen, self.ref(host)["state"]]

    # -- pages

    def get(self, host: str, path: str, who: str = "") -> list[Any]:
        """Status, seconds, and the queries of workspaces' rows."""
        client = self._client(host, who)
        started = time.perf_counter()
        with _queries() as captured:
            answer = client.get(path)
        took = time.perf_counter() - started
        rows = [query["sql"] for query in captured if "tenants_domain" in query["sql"]]
        return [answer.status_code, took, len(rows)]

    def sign_in(self, host: str, who: str, password: str, browser: str = "") -> list[Any]:
        """Status (302: signed in), seconds. Each person has a browser of their own, unless one is named."""
        started = time.perf_counter()
        answer = self._client(host, browser or who).post("/accounts/login/", {"login": who, "password": password})
        return [answer.status_code, time.perf_counter() - started]

    def post(self, host: str, path: str, data: dict[str, str]) -> int:
        """The status of somebody's who is not signed in."""
        return self._client(host, "somebody").post(path, data).status_code

    def _client(self, host: str, who: str) -> Any:
        from django.test import Client

        return self.clients.setdefault(who, Client(headers={"host": host}, raise_request_exception=False))


def _queries() -> Any:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tenants.context import public_context

    with public_context():
        connection.ensure_connection()
    return CaptureQueriesContext(connection)


def _until(seen: Any, seconds: float = 10.0) -> float:
    """Seconds until something is so."""
    started = time.monotonic()
    while not seen():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.005)
    return time.monotonic() - started


def main() -> None:
    import django
    from django.conf import settings

    django.setup()
    settings.ALLOWED_HOSTS = ["*"]
    commands = Commands()
    for line in sys.stdin:
        number, name, arguments = json.loads(line)
        try:
            answer = {"value": getattr(commands, name)(**arguments)}
        except Exception as error:
            answer = {"error": f"{name}: {type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer | {"number": number}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
