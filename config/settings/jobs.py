"""Background jobs on Redis."""

from config.settings.database import REDIS_URL

__all__ = ["RQ", "RQ_QUEUES", "RQ_SHOW_ADMIN_LINK"]

RQ_QUEUES = {"default": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 300}}
RQ = {"WORKER_CLASS": "tenants.queue.TenantWorker"}
# Its pages would empty a queue, or run a job again, without a reason and without an entry in the audit log.
RQ_SHOW_ADMIN_LINK = False
