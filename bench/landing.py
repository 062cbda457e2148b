"""CPU time of the landing page: all of Ruche, compared with a view of plain Django with one query and the template.

Each variant runs in its own process, as in bench/request.py, which says how rounds alternate.
"""

from contextlib import ExitStack
from typing import Any

from bench.figures import spread
from bench.request import ServerProcess, ratios, rounds

WARM_UP = 100


def measure(times: int) -> dict[str, Any]:
    """`times` requests of each variant per round."""
    from django.conf import settings

    hosts = [settings.BASE_HOST]
    with ExitStack() as stack:
        served = {
            kind: stack.enter_context(ServerProcess(name, "/"))
            for kind, name in (("plain", "landing_plain"), ("ours", "landing"))
        }
        for server in served.values():
            server.cpu_ms(hosts, WARM_UP)
        measured = rounds(served, hosts, times)
    ours = ratios(measured, "ours")
    return {
        "cpu_vs_plain": ours["median"],
        "spread": {
            "cpu_vs_plain": ours,
            **{f"{kind}_cpu_ms": spread(values, 3) for kind, values in measured.items()},
        },
    }
