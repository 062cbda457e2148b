"""What the processes that are watched run with: pages of modules, and a worker that remembers before it forks."""

from tests.settings import *  # noqa: F403

TENANT_URLCONF = "tests.live.seen_urls"
RQ = {"WORKER_CLASS": "tests.live.seen_worker.RememberingWorker"}
