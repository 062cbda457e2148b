"""Measure of the public site within CNIL's exemption for audience measurement: counts by day, no cookie, no person.

A view adds to counters of the day in Redis, in one round trip; a job adds them to PostgreSQL every minute. Visitors
are counted by a digest of address, browser and a random salt of the day, in a HyperLogLog that holds no digest; both
go after two days. Nobody who sends "do not track" or "global privacy control" is counted, nor any robot that says so.
"""

import hashlib
import logging
import re
import secrets
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache, lru_cache, wraps
from itertools import chain
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from accounts.http import client_ip
from events.catalogue import SignupCompleted, SignupRequested, SubscriptionChanged
from events.types import Event
from tenants.breaker import REDIS, RedisAway, quick_client
from tenants.context import public_context
from ui.days import platform_time, platform_today
from website.models import SiteCount

log = logging.getLogger(__name__)
Name = SiteCount.Name
# CNIL, guidelines of 17 September 2020, paragraph 51: 25 months at most.
KEPT_FOR: Final = timedelta(days=25 * 30)
REDIS_SECONDS: Final = 2 * 24 * 3600
# Combinations of page and source in a day. Others are counted without their source: addresses are typed by anyone.
MAX_FIELDS: Final = 5_000
_ROBOT: Final = re.compile(r"bot|crawl|spider|slurp|preview|monitor|curl|wget|python|headless", re.IGNORECASE)
_SEPARATOR: Final = "\x1f"
_WORD: Final = re.compile(r"[^0-9A-Za-z._ -]+")

# The pages that are counted, as the console names them.
PAGES: Final = {
    "home": _("Accueil"),
    "pricing": _("Offres et tarifs"),
    "articles": _("Liste des articles"),
    "article": _("Articles"),
    "contact": _("Nous écrire"),
    "signup": _("Créer un espace"),
}

View = Callable[..., HttpResponseBase]


def measured(page: str) -> Callable[[View], View]:
    """Count each page shown by a view of the public site. Keeps the access that the view declares."""

    if page not in PAGES:
        raise ValueError(f"no name for the page {page} in website.measure.PAGES")

    def decorate(view: View) -> View:
        @wraps(view)
        def counting(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponseBase:
            response = view(request, *arguments, **options)
            if request.method == "GET" and response.status_code == 200 and is_counted(request):
                _count_view(request, page)
            return response

        return counting

    return decorate


def is_counted(request: HttpRequest) -> bool:
    """Whether the visitor may be counted: neither a refusal nor a robot, nor the operator."""
    headers = request.headers
    return (
        headers.get("DNT") != "1"
        and headers.get("Sec-GPC") != "1"
        and "prefetch" not in headers.get("Sec-Purpose", "")
        and not _ROBOT.search(headers.get("User-Agent", "") or "bot")
        and not request.user.is_authenticated
    )


def _count_view(request: HttpRequest, page: str) -> None:
    source, medium, campaign = _origin(request)
    is_click = source == _OWN
    parts = [(Name.VIEW, page, "" if is_click else source, medium, campaign)]
    if is_click:
        parts.append((Name.CLICK, page, "", "", ""))
    fields = [_SEPARATOR.join(map(str, part)) for part in parts]
    visitor = f"{client_ip(request)}|{request.headers.get('User-Agent', '')[:300]}"
    try:
        REDIS.call(lambda: _write(fields, visitor, platform_today().isoformat()))
    except RedisAway:
        log.info("a view of the public site was not counted: Redis is away")


_OWN: Final = "*own*"


def _origin(request: HttpRequest) -> tuple[str, str, str]:
    """(source, medium, campaign): of the address, else the host that led here; `_OWN` from a page of the site."""
    if "utm_source=" in request.META.get("QUERY_STRING", ""):
        source, medium, campaign = (
            _WORD.sub("", request.GET.get(f"utm_{part}", ""))[:60] for part in ("source", "medium", "campaign")
        )
        return source, medium, campaign
    try:
        host = (urlsplit(request.headers.get("Referer", "")[:500]).hostname or "").lower()
    except ValueError:
        host = ""
    if host == request.get_host().partition(":")[0]:
        return _OWN, "", ""
    return _WORD.sub("", host.removeprefix("www."))[:60], "", ""


# KEYS: counts, people. ARGV: digest, seconds to live, fields allowed, then pairs: a field, the same without source.
_ADD: Final = """
local first = 4
if redis.call("HLEN", KEYS[1]) >= tonumber(ARGV[3]) then first = 5 end
for index = first, #ARGV, 2 do redis.call("HINCRBY", KEYS[1], ARGV[index], 1) end
redis.call("PFADD", KEYS[2], ARGV[1])
redis.call("EXPIRE", KEYS[1], ARGV[2])
redis.call("EXPIRE", KEYS[2], ARGV[2])
"""


@cache
def _script() -> Any:
    return quick_client().register_script(_ADD)


@lru_cache(maxsize=1)
def _salt(day: str) -> str:
    """The salt of a day, the same in every process."""
    client, key = quick_client(), f"site:salt:{day}"
    client.set(key, secrets.token_hex(16), nx=True, ex=REDIS_SECONDS)
    return str(client.get(key))


def _write(fields: list[str], visitor: str, day: str) -> None:
    """One round trip, but for the first view of a day."""
    digest = hashlib.sha256(f"{_salt(day)}|{visitor}".encode()).hexdigest()[:24]
    shorter = (_SEPARATOR.join((*field.split(_SEPARATOR)[:2], "", "", "")) for field in fields)
    pairs = chain.from_iterable(zip(fields, shorter, strict=True))
    _script()(keys=[f"site:counts:{day}", f"site:people:{day}"], args=[digest, REDIS_SECONDS, MAX_FIELDS, *pairs])


def store() -> int:
    """Write the counts of today and yesterday to the database. Returns how many rows. Scheduled; idempotent.

    Redis holds the totals of a day, so a row is set to its total rather than added to.
    """
    today = platform_today()
    stored = 0
    for day in (today - timedelta(days=1), today):
        try:
            counts, people = REDIS.call(lambda day=day: _read(day))  # type: ignore[misc]
        except RedisAway:
            return stored
        rows = {tuple(key.split(_SEPARATOR)): int(value) for key, value in counts.items()}
        if people:
            rows[(Name.VISITOR, "", "", "", "")] = people
        objects = [
            SiteCount(day=day, name=name, page=page, source=source, medium=medium, campaign=campaign, count=count)
            for (name, page, source, medium, campaign), count in rows.items()
        ]
        with public_context():
            SiteCount.objects.bulk_create(
                objects,
                update_conflicts=True,
                unique_fields=["day", "name", "page", "source", "medium", "campaign"],
                update_fields=["count"],
                batch_size=500,
            )
        stored += len(objects)
    return stored


def _read(day: date) -> tuple[dict[str, str], int]:
    client = quick_client()
    pipe = client.pipeline(transaction=False)
    counts, people = pipe.hgetall(f"site:counts:{day.isoformat()}").pfcount(f"site:people:{day.isoformat()}").execute()
    return counts, int(people)


def follow(event: Event) -> None:
    """Consumer of facts: requests for a workspace, workspaces opened, first paid subscriptions."""
    day, fact = platform_time(event.at).date(), event.fact
    if isinstance(fact, SignupRequested):
        _add(Name.REQUEST, day)
    elif isinstance(fact, SignupCompleted):
        _add(Name.TRIAL, day)
    elif isinstance(fact, SubscriptionChanged) and fact.status == "active" and fact.mrr > 0 and event.tenant_id:
        # Once for a workspace, whatever changes later.
        _add(Name.PAID, day, campaign=event.tenant_id.hex)


def _add(name: str, day: date, campaign: str = "") -> None:
    """Add one to a step of the funnel on a day; once ever for what `campaign` names."""
    with public_context(), transaction.atomic():
        if campaign and SiteCount.objects.filter(name=name, campaign=campaign).exists():
            return
        keys: dict[str, Any] = {"day": day, "name": name, "page": "", "source": "", "medium": "", "campaign": campaign}
        row, _is_new = SiteCount.objects.get_or_create(**keys)
        SiteCount.objects.filter(pk=row.pk).update(count=F("count") + 1)


def sweep() -> int:
    """Delete the counts older than 25 months. Returns how many. Scheduled."""
    with public_context():
        deleted, _by_model = SiteCount.objects.filter(day__lt=platform_today() - KEPT_FOR).delete()
    return deleted
