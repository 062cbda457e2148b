"""Tables of dotted names (config/apps.py, contents.py, lifecycle.py, modules.py, schedule.py) as settings.

Apps read them from the settings, since nothing of the product imports `config`.
"""

from config import apps, contents, lifecycle, modules, schedule

__all__ = [
    "ABANDONED_ACTS",
    "ACCOUNT_MAIL",
    "CONTENT_KINDS",
    "DEMONSTRATION",
    "ENTITLEMENT_MODULES",
    "EXPORTS",
    "FORMER_JOB_NAMES",
    "LIFECYCLE_STEPS",
    "MAIL_ADDRESS_STOP",
    "MAIL_STOP_LINK",
    "NEW_DEVICE",
    "NOTIFICATION_SUBJECTS",
    "OWN_APPS",
    "PRICES_CHANGED",
    "SCHEDULE",
    "SEEDS",
    "STANDING_METERS",
    "TABLES_IN_BOTH",
]

OWN_APPS = tuple(app.name for app in apps.OWN)
TABLES_IN_BOTH = apps.BOTH_ALLOWED
LIFECYCLE_STEPS = lifecycle.STEPS
ABANDONED_ACTS = lifecycle.ABANDONED_ACTS
STANDING_METERS = lifecycle.STANDING
EXPORTS = lifecycle.EXPORTS
NOTIFICATION_SUBJECTS = lifecycle.NOTIFICATION_SUBJECTS
ACCOUNT_MAIL = lifecycle.ACCOUNT_MAIL
MAIL_STOP_LINK = lifecycle.MAIL_STOP_LINK
MAIL_ADDRESS_STOP = lifecycle.MAIL_ADDRESS_STOP
NEW_DEVICE = lifecycle.NEW_DEVICE
PRICES_CHANGED = lifecycle.PRICES_CHANGED
CONTENT_KINDS = contents.KINDS
DEMONSTRATION = lifecycle.DEMONSTRATION
SEEDS = lifecycle.SEEDS
ENTITLEMENT_MODULES = modules.MODULES
# (interval or crontab expression, name) of all scheduled jobs.
FORMER_JOB_NAMES = schedule.FORMER_NAMES
SCHEDULE = (*schedule.EVERY, *schedule.DAILY)
