"""Daily jobs of each workspace: daily mails, and the end of old notifications."""

from notifications import services
from tenants.queue import enqueue_everywhere


def run_daily() -> int:
    """Enqueue `run_here` for every workspace. Returns the number of jobs."""
    return enqueue_everywhere(run_here)


def run_here() -> None:
    """Send the daily mails of the workspace in context, and delete what is old. Public has none."""
    services.send_digests()
    services.sweep()
