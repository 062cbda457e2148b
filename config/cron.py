"""Registers the scheduled jobs (config/schedule.py) for `manage.py rqcron config/cron.py`."""

from rq.cron import register

from config.schedule import DAILY, EVERY
from tenants.queue import run_public

for seconds, name in EVERY:
    register(run_public, "default", kwargs={"name": name}, interval=seconds, name=name)

for times, name in DAILY:
    register(run_public, "default", kwargs={"name": name}, cron=times, name=name)
