"""What runs by the clock: `manage.py rqcron config/cron.py`. Times in UTC, intervals in seconds."""

from rq.cron import register

from tenants.queue import run_public


def _every(seconds: int, name: str) -> None:
    register(run_public, "default", kwargs={"name": name}, interval=seconds, name=name)


_every(20, "conversations.jobs.close_abandoned")
_every(60, "billing.services.settle_abandoned")
_every(60, "billing.jobs.tell_waiting")
_every(120, "mailing.services.deliver_waiting")
_every(120, "billing.stripe.webhooks.take_up")
_every(600, "billing.stripe.clock.run_due")
_every(300, "tenants.trials.expire_trials")
_every(300, "tenants.pool.refill_ready_schemas")
_every(3600, "tenants.pool.sweep_lost_schemas")
_every(3600, "billing.jobs.look_at_all")
_every(3600, "library.reading.take_up_everywhere")
_every(3600, "billing.stripe.closing.end_left")


def _daily(cron: str, name: str) -> None:
    register(run_public, "default", kwargs={"name": name}, cron=cron, name=name)


_daily("17 3 * * *", "tenants.services.delete_closed_workspaces")
_daily("27 3 * * *", "tenants.trials.close_long_suspended")
_daily("33 3 * * *", "billing.services.recount_standing")
_daily("37 3 * * *", "billing.services.sweep_hours")
_daily("47 4 * * *", "billing.stripe.reconcile.run_daily")
_daily("57 3 * * *", "billing.stripe.webhooks.sweep")
_daily("41 3 * * *", "accounts.jobs.clear_everywhere")
_daily("10 7 * * *", "tenants.trials.remind_trials")
_daily("20 7 * * *", "assistants.jobs.watch_ends")
