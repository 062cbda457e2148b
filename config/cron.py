"""What runs by the clock: `manage.py rqcron config/cron.py`. Times in UTC, intervals in seconds."""

from rq.cron import register

from tenants.queue import run_public


def _every(seconds: int, name: str) -> None:
    register(run_public, "default", kwargs={"name": name}, interval=seconds, name=name)


_every(20, "conversations.jobs.close_abandoned")
_every(60, "billing.services.settle_abandoned")
_every(120, "mailing.services.deliver_waiting")
_every(300, "tenants.pool.refill_ready_schemas")
_every(3600, "tenants.pool.sweep_lost_schemas")
register(
    run_public,
    "default",
    kwargs={"name": "tenants.services.delete_closed_workspaces"},
    cron="17 3 * * *",
    name="tenants.services.delete_closed_workspaces",
)
