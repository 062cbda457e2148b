"""A view with one indexed query: plain Django's CPU for it, ours, and stock django-tenants'.

Each is served in a process of its own (bench/served.py with a settings module of bench/site), from the WSGI environ
to the end of the request, no socket; the same list of middleware behind, the same database, role and pool. They take
turns: a round is a few hundred requests of each, and gives a ratio.
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
TURN = 2 * WORKSPACES
COUNTED = 2 * WORKSPACES
WARM = 4 * WORKSPACES
_PERSON = (
    "INSERT INTO {}.accounts_user (id, password, is_superuser, email, name, role, language, is_active, is_staff,"
    " must_change_password, date_joined)"
    " VALUES (%s, '', false, 'x@mesure.test', 'Mesure', 'member', '', true, false, false, now())"
)


def measure(times: int) -> dict[str, Any]:
    """`times` requests of each a round, over fifty hosts and over one."""
    path, hosts = _people()
    with ExitStack() as stack:
        served = {kind: stack.enter_context(Served(kind, path)) for kind in ("plain", "ours", "stock")}
        for one in served.values():
            one.cpu_ms(hosts, WARM)
        many = _rounds(served, hosts, times)
        single = _rounds(served, hosts[:1], times)
    ours, stock = _ratios(many, "ours"), _ratios(many, "stock")
    counted = {kind: _counted(kind, path, hosts) for kind in served}
    return {
        "cpu_vs_plain": ours["median"],
        "cpu_vs_plain_one_host": _ratios(single, "ours")["median"],
        "stock_vs_plain": stock["median"],
        "extra_queries": counted["ours"]["extra"],
        "sets_of_path": counted["ours"]["sets"],
        "stock_extra_queries": counted["stock"]["extra"],
        "stock_sets_of_path": counted["stock"]["sets"],
        "hosts": len(hosts),
        "spread": {
            "cpu_vs_plain": ours,
            "cpu_vs_plain_one_host": _ratios(single, "ours"),
            "stock_vs_plain": stock,
            **{f"{kind}_cpu_ms": spread(values, 3) for kind, values in many.items()},
        },
    }


def _people() -> tuple[str, list[str]]:
    """The view's path, and the hosts: the same person in public and in each of fifty workspaces."""
    from django.conf import settings

    from tenants.sql import owner_parameters

    key = uuid4()
    with psycopg.connect(**owner_parameters()) as owner:
        made = list(workspaces.make(owner, WORKSPACES, "requete", settings.BASE_HOST))
        for schema_name in ("public", *(one.schema_name for one in made)):
            owner.execute(_PERSON.format(schema_name).encode(), [key])
    return f"/person/{key}/", [one.host for one in made]


class Served:
    """A process that serves the view in one of the three ways."""

    def __init__(self, kind: str, path: str, **environment: str) -> None:
        self.command = [sys.executable, "-m", "bench.served", path]
        self.environment = os.environ | environment | {"DJANGO_SETTINGS_MODULE": f"bench.site.{kind}"}

    def __enter__(self) -> "Served":
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=self.environment, stdin=pipe, stdout=pipe, text=True
        )
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.communicate()

    def cpu_ms(self, hosts: list[str], times: int) -> float:
        """Milliseconds of processor for one request."""
        return float(self._asked(hosts=hosts, times=times, count=False)["cpu"]) / times * 1000

    def sql(self, hosts: list[str], times: int) -> list[str]:
        return list(self._asked(hosts=hosts, times=times, count=True)["sql"])

    def _asked(self, **asked: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the process that serves ended: its traceback is above")
        return dict(json.loads(answer))


def _rounds(served: dict[str, Served], hosts: list[str], times: int) -> dict[str, list[float]]:
    """Milliseconds a request, round by round. In a round they take turns too: a busy moment is nobody's alone."""
    found: dict[str, list[float]] = {kind: [] for kind in served}
    turns = times // TURN
    for _ in range(ROUNDS):
        took = dict.fromkeys(served, 0.0)
        for _turn in range(turns):
            for kind, one in served.items():
                took[kind] += one.cpu_ms(hosts, TURN)
        for kind, milliseconds in took.items():
            found[kind].append(milliseconds / turns)
    return found


def _ratios(found: dict[str, list[float]], kind: str) -> dict[str, Any]:
    return spread([one / plain for one, plain in zip(found[kind], found["plain"], strict=True)], 2)


def _counted(kind: str, path: str, hosts: list[str]) -> dict[str, float]:
    """Statements a warm request sends besides the view's own: to set the path, and others."""
    with Served(kind, path, DB_POOL_MIN="1", DB_POOL_MAX="1") as one:
        one.cpu_ms(hosts, WARM)
        sql = one.sql(hosts, COUNTED)
    sets = sum(statement.startswith("SET search_path") for statement in sql)
    own = sum('FROM "accounts_user"' in statement for statement in sql)
    if own != COUNTED:
        raise RuntimeError(f"{own} of {COUNTED} queries of the view were seen: the trace was not understood")
    return {"sets": round(sets / COUNTED, 2), "extra": round((len(sql) - own - sets) / COUNTED, 2)}
