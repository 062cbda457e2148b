"""What pages and mails show of a notification."""

from dataclasses import dataclass

from notifications.models import Notification


@dataclass(frozen=True)
class Line:
    """`url`: "" when its subject is gone, or no longer visible to the reader."""

    notification: Notification
    icon: str
    words: str
    url: str
