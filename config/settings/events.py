"""The outbox of facts. Who is given which: config/consumers.py."""

from config.consumers import CONSUMERS
from config.settings.env import env

__all__ = ["EVENTS_KEPT_DAYS", "EVENT_CONSUMERS"]

EVENT_CONSUMERS = CONSUMERS
# Facts that were delivered are deleted after so many days.
EVENTS_KEPT_DAYS: int = env.int("EVENTS_KEPT_DAYS", default=30)
