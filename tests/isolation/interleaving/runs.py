"""One run: its requests, a worker beside them, and what both found."""

import logging

from django.db import connection, connections

from tests.isolation.interleaving import jobs, switches, visit
from tests.isolation.interleaving.drivers import drive_async, drive_sync
from tests.isolation.interleaving.plan import calls
from tests.isolation.interleaving.report import Report
from tests.isolation.interleaving.urls import MODULES
from tests.isolation.interleaving.worker import Worker

assert MODULES  # the acts are declared by being imported


def run(name: str, many: int, seed: int, mode: str, switch: str) -> Report:
    """Make `many` requests of a seed. `switch` names a guard to do without."""
    # Hundreds of planned failures would be logged with their tracebacks.
    logging.disable(logging.CRITICAL)
    visit.enter(name)
    connections.close_all()
    switches.SWITCHES[switch]()
    report, worker = Report(name, seed, asked=many), Worker()
    worker.start()
    (drive_sync if mode == "sync" else drive_async)(calls(seed, many, visit.PLACES), report)
    worker.finish()
    report.wrong += jobs.WRONG
    report.failed += worker.failed
    connections.close_all()
    connection.close_pool()
    return report
