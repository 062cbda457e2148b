"""Devices from which a person has signed in: named by a signed cookie of the host, without a table or a fingerprint.

A device is new to a person without that cookie: another browser, another machine, or cookies that were cleared
(OWASP, "Device cookies").
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from accounts.models import User
from tenants import signing

AGE: Final = timedelta(days=365)
# People of one browser; the last that signed in stay.
MAX_PEOPLE: Final = 5
_PURPOSE: Final = "accounts.device"
# (in the user agent, name), the first that fits.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def _mark(user: User) -> str:
    return hashlib.sha256(user.pk.bytes).hexdigest()[:16]


def _marks(request: HttpRequest) -> list[str]:
    """Marks of the people who signed in with this browser, latest last. Empty for a cookie that is not ours."""
    try:
        value = signing.unsign(_PURPOSE, request.COOKIES.get(settings.DEVICE_COOKIE_NAME, "")[:1_000], max_age=AGE)
    except signing.BadSignature:
        return []
    return [mark for mark in value if isinstance(mark, str)][-MAX_PEOPLE:] if isinstance(value, list) else []


def is_known(request: HttpRequest, user: User) -> bool:
    return _mark(user) in _marks(request)


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Set the cookie that names this device as one of the person's."""
    others = [mark for mark in _marks(request) if mark != _mark(user)]
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.sign(_PURPOSE, [*others, _mark(user)][-MAX_PEOPLE:]),
        max_age=AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def report(user: User, *, ip: str, user_agent: str) -> None:
    """Tell the person of a sign-in from a new device (settings.NEW_DEVICE), in the caller's transaction."""
    send: Callable[..., None] = import_string(settings.NEW_DEVICE)
    send(user, ip=ip, device=name_of(user_agent))


def name_of(user_agent: str) -> str:
    """Browser and system, as "Firefox, Linux"; the first words of the user agent where neither is known."""
    browser = next((name for part, name in _BROWSERS if part in user_agent), "")
    system = next((name for part, name in _SYSTEMS if part in user_agent), "")
    plain = re.sub(r"[^\w ./;()-]", "", user_agent)[:60]
    return ", ".join(filter(None, (browser, system))) or plain or "?"
