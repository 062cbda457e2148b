"""Strangers' bursts at a web process, answers under way beside them, and a neighbour who only wants a page."""

import asyncio
import contextlib
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.live.browser import Browser
from tests.live.web import Web
from tests.live.workspaces import PASSWORD, Workspace
from tests.servers import free_port
from tests.tenants.wire import Wire

# A neighbour's page: seconds; on a machine that is busy by itself, so many times what it takes when nothing happens.
BOUND, TIMES = 2.0, 10
Storm = Callable[["Rig", Browser], Awaitable[Counter[int]]]


@dataclass
class Seen:
    """What a neighbour met: seconds and status of each page."""

    pages: list[tuple[float, int]] = field(default_factory=list)

    @property
    def slowest(self) -> float:
        return max(seconds for seconds, _status in self.pages)

    @property
    def usual(self) -> float:
        return statistics.median(seconds for seconds, _status in self.pages)

    @property
    def statuses(self) -> set[int]:
        return {status for _seconds, status in self.pages}


@dataclass
class Rig:
    """A web process with a pool of three, its way to Redis, the workspace that is stormed and the one next door."""

    web: Web
    wire: Wire
    place: Workspace
    neighbour: Workspace
    crowd: int = 40

    @contextlib.asynccontextmanager
    async def person(self, place: Workspace) -> AsyncIterator[Browser]:
        async with Browser(self.web.port, place.host) as browser:
            await browser.sign_in(place.email, PASSWORD)
            yield browser

    @contextlib.asynccontextmanager
    async def watched(self, browser: Browser) -> AsyncIterator[Seen]:
        """Ask for a neighbour's page again and again while the block runs."""
        seen = Seen()
        watching = asyncio.create_task(self._watch(browser, seen))
        try:
            yield seen
        finally:
            # The page under way counts, however long it takes.
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            seen.pages.append(await _timed(browser.client.get("/library/")))

    async def _watch(self, browser: Browser, seen: Seen) -> None:
        while True:
            asked = asyncio.ensure_future(_timed(browser.client.get("/library/")))
            try:
                seen.pages.append(await asyncio.shield(asked))
            except asyncio.CancelledError:
                seen.pages.append(await asked)
                raise
            await asyncio.sleep(0.1)

    async def burst(self, make: Callable[[httpx2.AsyncClient, int], Awaitable[httpx2.Response]]) -> Counter[int]:
        """So many requests at once from somebody who is not signed in, with a session that was invented."""
        async with Browser(self.web.port, self.place.host) as stranger:
            stranger.client.cookies.set("session", "invented-invented-invented")
            answers = await asyncio.gather(
                *(make(stranger.client, number) for number in range(self.crowd)), return_exceptions=True
            )
        return Counter(answer.status_code if isinstance(answer, httpx2.Response) else 0 for answer in answers)


async def _timed(asked: Awaitable[httpx2.Response]) -> tuple[float, int]:
    started = time.monotonic()
    try:
        status = (await asked).status_code
    except httpx2.HTTPError:
        status = 0
    return time.monotonic() - started, status


# -- the bursts


async def not_found(rig: Rig, _person: Browser) -> Counter[int]:
    return await rig.burst(lambda client, number: client.get(f"/nothing/{number}/"))


async def refused(rig: Rig, _person: Browser) -> Counter[int]:
    return await rig.burst(lambda client, _number: client.post("/accounts/login/", data={"login": "x"}))


async def broken(rig: Rig, _person: Browser) -> Counter[int]:
    return await rig.burst(lambda client, _number: client.get("/broken/"))


async def sign_ins(rig: Rig, _person: Browser) -> Counter[int]:
    async def one(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
        page = await client.get("/accounts/login/")
        token = page.cookies.get("csrf") or client.cookies.get("csrf") or ""
        fields = {"login": f"nobody-{number}@{rig.place.tenant.slug}.test", "password": "not-this-one"}
        return await client.post("/accounts/login/", data={**fields, "csrfmiddlewaretoken": token})

    return await rig.burst(one)


async def uploads(rig: Rig, person: Browser) -> Counter[int]:
    """Files of somebody who may not send any, and of somebody who may."""
    body = b"x" * 900_000
    strangers = asyncio.ensure_future(
        rig.burst(lambda client, number: client.post(f"/library/upload/?{number}", content=body))
    )
    fields = {"visibility": "private", "csrfmiddlewaretoken": person.client.cookies.get("csrf") or ""}
    files = [{"file": (f"note-{number}.txt", b"Une ligne de texte.\n" * 20_000)} for number in range(6)]
    kept = await asyncio.gather(*(person.client.post("/library/upload/", data=fields, files=one) for one in files))
    return Counter(answer.status_code for answer in kept) + await strangers


async def hanging_provider(rig: Rig, person: Browser) -> Counter[int]:
    """Questions to a provider that says nothing."""
    answers = [await person.post("/conversations/new/", assistant="posts", text="[hang] Bonjour") for _ in "12345"]
    return Counter(answer.status_code for answer in answers)


async def everything(rig: Rig, person: Browser) -> Counter[int]:
    """All strangers' bursts at the same time."""
    bursts = (not_found, refused, broken, sign_ins, uploads)
    return sum(await asyncio.gather(*(burst(rig, person) for burst in bursts)), Counter())


async def hanging_redis(rig: Rig, person: Browser) -> Counter[int]:
    rig.wire.hang()
    try:
        return await not_found(rig, person)
    finally:
        rig.wire.flow()


# -- a run


@contextlib.contextmanager
def rig_of(
    places: tuple[Workspace, Workspace],
    log: Path,
    *,
    pool: int = 3,
    crowd: int = 40,
    application: str = "config.asgi:application",
) -> Iterator[Rig]:
    """`crowd`: how many requests a burst has."""
    wire = Wire()
    web = Web(
        free_port(),
        log,
        name="ruche-freeze",
        settings="tests.live.freeze_settings",
        application=application,
        REDIS_URL=wire.url,
        DB_POOL_MAX=str(pool),
        DB_POOL_MIN="1",
    )
    web.start()
    try:
        yield Rig(web, wire, *places, crowd=crowd)
    finally:
        web.stop()
        wire.cut()


@contextlib.asynccontextmanager
async def at_home(rig: Rig) -> AsyncIterator[tuple[Browser, Browser]]:
    """Somebody of the workspace that is stormed, and somebody next door, both signed in."""
    async with rig.person(rig.place) as person, rig.person(rig.neighbour) as neighbour:
        yield person, neighbour


async def weather(
    rig: Rig, home: tuple[Browser, Browser], storm: Storm, *, answers: int, seconds: float = 2.5
) -> tuple[Seen, Seen, Counter[int], Seen]:
    """A quiet moment, the storm with so many answers under way, and the moment after it, as the neighbour saw them.

    The answers are asked for at once, so that they save their text in the same moments, and the storm comes again
    until it has met some of these.
    """
    person, neighbour = home
    async with rig.watched(neighbour) as quiet:
        await asyncio.sleep(0.6)
    words = int(10 * (seconds + 2))
    asked = await asyncio.gather(
        *(person.ask(f"[slow 0.1] [words {words}] [echo w{number}]") for number in range(answers))
    )
    follows = [asyncio.ensure_future(person.follow(one)) for one in asked]
    found: Counter[int] = Counter()
    async with rig.watched(neighbour) as during:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found += await storm(rig, person)
    async with rig.watched(neighbour) as after:
        await asyncio.sleep(0.3)
    ends = await asyncio.gather(*follows)
    assert [end.state for end in ends] == ["done"] * answers
    return quiet, during, found, after


def assert_neighbour_served(quiet: Seen, during: Seen, after: Seen) -> None:
    most = max(BOUND, TIMES * quiet.usual)
    assert during.statuses == {200}, during.pages
    assert during.slowest <= most, (during.pages, quiet.pages)
    assert after.statuses == {200}, after.pages
    assert after.slowest <= most, (after.pages, quiet.pages)
