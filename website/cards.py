"""Pictures shown where a page of the site is shared (Open Graph): drawn in a sandbox, kept in the cache."""

import hashlib
import logging
from pathlib import Path
from typing import Final

from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.urls import reverse

from tenants import sandbox
from tenants.platform import platform

log = logging.getLogger(__name__)
SECONDS: Final = 30 * 24 * 3600
MAX_TITLE: Final = 160
_FONT: Final = "fonts/inter-latin.woff2"
_CHILD: Final = Path(sandbox.__file__).parent / "children" / "card.py"
_LIMITS: Final = sandbox.Limits(memory=600_000_000, cpu_seconds=10, wall_seconds=15, output=500_000)


def card_version(title: str) -> str:
    """What the picture of a title depends on, as a short digest: part of its address."""
    return hashlib.sha256(f"1|{platform().name}|{title}".encode()).hexdigest()[:12]


def card_url(page: str, title: str) -> str:
    """The address of the picture of a page, without the host."""
    return reverse("site_card", args=[page, card_version(title)])


def card(title: str) -> bytes | None:
    """The picture of a title as PNG; None if it could not be drawn. Waits for a child process."""
    key = f"site-card:{card_version(title)}"
    content: bytes | None = cache.get(key)
    if content is None:
        try:
            with _font_path().open("rb") as font:
                content = sandbox.run(_CHILD, font, title[:MAX_TITLE], platform().name, limits=_LIMITS)
        except (sandbox.Exceeded, sandbox.Failed, OSError) as error:
            log.warning("picture of a page not drawn: %s", type(error).__name__)
            return None
        cache.set(key, content, timeout=SECONDS)
    return content


def _font_path() -> Path:
    path = finders.find(_FONT)
    if not path:
        raise FileNotFoundError(_FONT)
    return Path(path)
