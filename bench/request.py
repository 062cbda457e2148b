"""CPU time of a view with one indexed query: plain Django, our tenants, and stock django-tenants.

Each variant runs in its own process (bench/served.py with a settings module of bench/site), from the WSGI environ to
the end of the request, without a socket, with the same middleware, database, role and pool. Variants alternate: a round
is a few hundred requests of each and gives one ratio.
"""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import psycopg

from bench import workspaces
from bench.figures import spread
from bench.servers import ROOT

WORKSPACES = 50
ROUNDS = 7
REQUESTS_PER_TURN = 2 * WORKSPACES
COUNTED_REQUESTS = 2 * WORKSPACES
WARM_UP = 4 * WORKSPACES
_INSERT_USER = (
    "INSERT INTO {}.accounts_user (id, password, is_superuser, email, name, role, language, is_active, is_staff,"
    " must_change_password, date_joined)"
    " VALUES (%s, '', false, 'x@mesure.test', 'Mesure', 'member', '', true, false, false, now())"
)


def measure(times: int) -> dict[str, Any]:
    """`times` requests of each variant per round, over fifty hosts and over one."""
    path, hosts = _create_users()
    with ExitStack() as stack:
        served = {kind: stack.enter_context(ServerProcess(kind, path)) for kind in ("plain", "ours", "stock")}
        for server in served.values():
            server.cpu_ms(hosts, WARM_UP)
        many = rounds(served, hosts, times)
        single = rounds(served, hosts[:1], times)
    ours, stock = ratios(many, "ours"), ratios(many, "stock")
    counted = {kind: _count_statements(kind, path, hosts) for kind in served}
    return {
        "cpu_vs_plain": ours["median"],
        "cpu_vs_plain_one_host": ratios(single, "ours")["median"],
        "stock_vs_plain": stock["median"],
        "extra_queries": counted["ours"]["extra"],
        "sets_of_path": counted["ours"]["sets"],
        "stock_extra_queries": counted["stock"]["extra"],
        "stock_sets_of_path": counted["stock"]["sets"],
        "hosts": len(hosts),
        "spread": {
            "cpu_vs_plain": ours,
            "cpu_vs_plain_one_host": ratios(single, "ours"),
            "stock_vs_plain": stock,
            **{f"{kind}_cpu_ms": spread(values, 3) for kind, values in many.items()},
        },
    }


def _create_users() -> tuple[str, list[str]]:
    """Path of the view, and hosts. Creates the same user in public and in each of fifty workspaces."""
    from django.conf import settings

    from tenants.sql import owner_parameters

    key = uuid4()
    with psycopg.connect(**owner_parameters()) as owner:
        created = list(workspaces.make(owner, WORKSPACES, "requete", settings.BASE_HOST))
        for schema_name in ("public", *(workspace.schema_name for workspace in created)):
            owner.execute(_INSERT_USER.format(schema_name).encode(), [key])
    return f"/person/{key}/", [workspace.host for workspace in created]


class ServerProcess:
    """A process that serves the view in one variant."""

    def __init__(self, kind: str, path: str, **environment: str) -> None:
        self.command = [sys.executable, "-m", "bench.served", path]
        self.environment = os.environ | environment | {"DJANGO_SETTINGS_MODULE": f"bench.site.{kind}"}

    def __enter__(self) -> "ServerProcess":
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=self.environment, stdin=pipe, stdout=pipe, text=True
        )
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.communicate()

    def cpu_ms(self, hosts: list[str], times: int) -> float:
        """CPU milliseconds per request."""
        return float(self._request(hosts=hosts, times=times, count=False)["cpu"]) / times * 1000

    def sql(self, hosts: list[str], times: int) -> list[str]:
        return list(self._request(hosts=hosts, times=times, count=True)["sql"])

    def _request(self, **arguments: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(arguments) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the server process ended: its traceback is above")
        return dict(json.loads(line))


def rounds(served: dict[str, ServerProcess], hosts: list[str], times: int) -> dict[str, list[float]]:
    """CPU milliseconds per request in each round. Variants alternate within a round, too, to share busy phases."""
    rounds: dict[str, list[float]] = {kind: [] for kind in served}
    turns = times // REQUESTS_PER_TURN
    for _ in range(ROUNDS):
        total = dict.fromkeys(served, 0.0)
        for _turn in range(turns):
            for kind, server in served.items():
                total[kind] += server.cpu_ms(hosts, REQUESTS_PER_TURN)
        for kind, milliseconds in total.items():
            rounds[kind].append(milliseconds / turns)
    return rounds


def ratios(rounds: dict[str, list[float]], kind: str) -> dict[str, Any]:
    return spread([value / plain for value, plain in zip(rounds[kind], rounds["plain"], strict=True)], 2)


def _count_statements(kind: str, path: str, hosts: list[str]) -> dict[str, float]:
    """Statements per warm request besides the view's own: those that set the search path, and others."""
    with ServerProcess(kind, path, DB_POOL_MIN="1", DB_POOL_MAX="1") as server:
        server.cpu_ms(hosts, WARM_UP)
        sql = server.sql(hosts, COUNTED_REQUESTS)
    sets = sum(statement.startswith("SET search_path") for statement in sql)
    own = sum('FROM "accounts_user"' in statement for statement in sql)
    if own != COUNTED_REQUESTS:
        raise RuntimeError(f"{own} of {COUNTED_REQUESTS} queries of the view were found: the trace was not understood")
    return {"sets": round(sets / COUNTED_REQUESTS, 2), "extra": round((len(sql) - own - sets) / COUNTED_REQUESTS, 2)}
