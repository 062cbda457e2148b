"""Scheduled jobs, called as `name()` in the public schema; see config/cron.py and tenants/names.py."""

# (interval in seconds, name)
EVERY: tuple[tuple[int, str], ...] = (
    (20, "conversations.jobs.close_abandoned"),
    (60, "usage.services.settle_abandoned"),
    (60, "events.jobs.drain"),
    (60, "usage.jobs.enqueue_notices"),
    (120, "mailing.services.deliver_waiting"),
    (120, "billing.stripe.webhooks.enqueue_pending"),
    (60, "website.measure.store"),
    (60, "website.status.check"),
    (600, "billing.stripe.scheduled.run_due"),
    (300, "mailing.sequences.engine.run_due"),
    (300, "tenants.trials.expire_trials"),
    (300, "tenants.pool.refill_ready_schemas"),
    (3600, "tenants.pool.drop_orphan_schemas"),
    (3600, "mailing.sequences.trials.enter_ending"),
    (3600, "usage.jobs.enqueue_missed_notices"),
    (3600, "library.extraction.enqueue_unprocessed_everywhere"),
    (3600, "signup.jobs.sweep"),
    (3600, "billing.stripe.closing.enqueue_remaining"),
)

# (crontab expression in UTC, name)
DAILY: tuple[tuple[str, str], ...] = (
    ("17 3 * * *", "tenants.services.delete_closed_workspaces"),
    ("27 3 * * *", "tenants.trials.close_long_suspended"),
    ("33 3 * * *", "usage.services.recount_standing"),
    ("37 3 * * *", "usage.services.sweep_hours"),
    ("47 4 * * *", "billing.stripe.reconcile.run_daily"),
    ("57 3 * * *", "billing.stripe.webhooks.sweep"),
    ("39 3 * * *", "events.jobs.sweep"),
    ("43 3 * * *", "website.leads.sweep"),
    ("45 3 * * *", "website.measure.sweep"),
    ("49 3 * * *", "website.status.sweep"),
    ("41 3 * * *", "accounts.jobs.clear_everywhere"),
    ("43 3 * * *", "mailing.jobs.sweep"),
    ("43 3 * * *", "workspace.jobs.end_invitations_everywhere"),
    ("50 5 * * *", "mailing.sequences.inactivity.enter_inactive"),
    ("10 6 * * *", "notifications.jobs.run_daily"),
    ("20 * * * 0,1", "analytics.weekly.enqueue_reports"),
    ("20 7 * * *", "assistants.jobs.watch_ends"),
)

# Former name of a job -> its name. Jobs that processes of the former code enqueued run under their new name, so a
# deployment loses none. A line may go once no installation updates from a version that used it.
FORMER_NAMES: dict[str, str] = {
    # 0.3.0
    "tenants.trials.remind_trials": "mailing.sequences.trials.enter_ending",
    # 0.2.0
    "billing.jobs.look_at_all": "usage.jobs.enqueue_missed_notices",
    "billing.jobs.tell": "usage.jobs.notify",
    "billing.jobs.tell_waiting": "usage.jobs.enqueue_notices",
    "billing.services.recount_standing": "usage.services.recount_standing",
    "billing.services.settle_abandoned": "usage.services.settle_abandoned",
    "billing.services.sweep_hours": "usage.services.sweep_hours",
    "billing.stripe.closing.end": "billing.stripe.closing.end_subscriptions_of",
    "billing.stripe.closing.end_left": "billing.stripe.closing.enqueue_remaining",
    "billing.stripe.webhooks.take_up": "billing.stripe.webhooks.enqueue_pending",
    "library.reading.read": "library.extraction.extract",
    "library.reading.take_up": "library.extraction.enqueue_unprocessed",
    "library.reading.take_up_everywhere": "library.extraction.enqueue_unprocessed_everywhere",
    "tenants.pool.sweep_lost_schemas": "tenants.pool.drop_orphan_schemas",
}
