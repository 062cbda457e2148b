"""Background jobs on Redis."""

from config.settings.database import REDIS_URL

__all__ = ["RQ", "RQ_QUEUES", "RQ_SHOW_ADMIN_LINK"]

RQ_QUEUES = {"default": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 300}}
RQ = {"WORKER_CLASS": "tenants.queue.TenantWorker"}
# Its pages can empty a queue or rerun a job without a reason or an audit entry.
RQ_SHOW_ADMIN_LINK = False
