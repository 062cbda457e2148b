"""A suspension, a right given or taken, a payment: seen by two web processes and a worker within a second."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from django.conf import settings

from accounts.models import User
from library.models import Item
from plans import grants
from plans.models import TenantAddOn
from tenants import queue, services
from tenants.breaker import quick_client
from tenants.context import public_context, tenant_context
from tenants.ids import new_id
from tests.live.browser import Browser
from tests.live.conftest import Maker
from tests.live.seen_worker import ANSWERS
from tests.live.web import Web
from tests.live.worker import Worker
from tests.live.workspaces import PASSWORD, Workspace
from tests.servers import free_port

pytestmark = [pytest.mark.committed, pytest.mark.slow]
SETTINGS = "tests.live.seen_settings"
BOUND = 1.0
PATIENCE = 10.0
Look = Callable[[Browser], Awaitable[bool]]


@dataclass(frozen=True)
class Platform:
    webs: list[Web]
    worker: Worker


@pytest.fixture(scope="module")
def platform(django_db_setup: None) -> Iterator[Platform]:
    """Two web processes and a worker."""
    logs = Path(settings.RUCHE_STATE_DIR)
    webs = [
        Web(free_port(), logs / f"seen-{name}.log", name=f"ruche-seen-{name}", settings=SETTINGS) for name in ("a", "b")
    ]
    worker = Worker(logs / "seen-worker.log", settings=SETTINGS)
    worker.start()
    with ThreadPoolExecutor() as beside:
        list(beside.map(Web.start, webs))
        yield Platform(webs, worker)
        list(beside.map(lambda process: process.stop(), [*webs, worker]))


class Scene:
    """A workspace that every process remembers, somebody signed in at both webs, an item, and a worker's answers."""

    def __init__(self, platform: Platform, home: Workspace, runner: asyncio.Runner) -> None:
        self.platform, self.home, self.runner = platform, home, runner
        with tenant_context(home.tenant):
            item = Item.objects.create(id=new_id(), title="Avant", kind=Item.Kind.TEXT, author=User.objects.get())
        self.item_id, self.edit = str(item.pk), f"/library/{item.pk}/edit/"
        self.browsers = [Browser(web.port, home.host) for web in platform.webs]
        self.took: dict[str, list[float]] = {"web": [], "running job": [], "next job begins": []}

    @property
    def acts(self) -> dict[str, Any]:
        return {"tenant_id": self.home.tenant.id, "reason": "essai"}

    def title(self) -> str:
        with tenant_context(self.home.tenant):
            return str(Item.objects.get(pk=self.item_id).title)

    def both(self, ask: Callable[[Browser], Awaitable[Any]]) -> list[Any]:
        """The answers of both webs, asked at the same time."""

        async def asked() -> list[Any]:
            return list(await asyncio.gather(*map(ask, self.browsers)))

        return self.runner.run(asked())

    def write(self, title: str) -> list[int]:
        async def post(browser: Browser) -> int:
            return (await browser.post(self.edit, title=title, tags="")).status_code

        return self.both(post)

    async def read_only(self, browser: Browser) -> bool:
        return "data-read-only" in (await browser.client.get(self.edit)).text

    def enqueue(self, name: str, **arguments: Any) -> None:
        with tenant_context(self.home.tenant):
            queue.enqueue(f"tests.live.seen_worker.{name}", **arguments)

    def answer(self) -> dict[str, Any]:
        """What a job says next."""
        said = self.answers.blpop([ANSWERS], timeout=PATIENCE)
        assert said, f"the worker says nothing:\n{self.platform.worker.log.read_text()[-4000:]}"
        found: dict[str, Any] = json.loads(said[1])
        return found

    @property
    def answers(self) -> Any:
        return redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=PATIENCE + 5)

    def watch(self, **wanted: Any) -> int:
        """A job looks for what is wanted, and both webs remember the workspace. The job's process."""
        self.enqueue("watch", wanted=wanted)
        pid = int(self.answer()["pid"])
        self.both(lambda browser: _until(browser, lambda seen: seen["remembers"]))
        return pid

    def change(self, act: Callable[[], Any], *, watched: bool = False, **wanted: Any) -> dict[str, Any]:
        """Act, and see that every process sees it in time; `watched`: a job looks already. What the next job says."""
        if not watched:
            self.watch(**wanted)
        begun = time.monotonic()
        act()
        self.enqueue("look", item_id=self.item_id)
        moments = self.both(lambda browser: _until(browser, lambda seen: wanted.items() <= seen.items()))
        watched, looked = self.answer(), self.answer()
        for said in (watched, looked):
            assert wanted.items() <= said.items()
        # The parent remembers the workspace, and what it remembers is not handed on.
        assert (looked["parent_remembers"], looked["inherited"]) == (True, 0)
        self.took["web"] += [moment - begun for moment in moments]
        self.took["running job"].append(watched["at"] - begun)
        self.took["next job begins"].append(looked["at"] - begun)
        assert max(self.took["web"] + self.took["running job"]) < BOUND
        return looked


async def _until(browser: Browser, so: Callable[[dict[str, Any]], bool]) -> float:
    """The moment at which a web process is found to see it so."""
    until = time.monotonic() + PATIENCE
    while not so((await browser.client.get("/seen/")).json()):
        assert time.monotonic() < until, "not seen"
        await asyncio.sleep(0.005)
    return time.monotonic()


@pytest.fixture
def scene(platform: Platform, workspace: Maker, request: pytest.FixtureRequest) -> Iterator[Scene]:
    home = workspace(f"vu-{request.node.name.removeprefix('test_')[:20].replace('_', '-').strip('-')}")
    # What making it asked of the worker holds up nobody.
    quick_client().delete("rq:queue:default")
    with asyncio.Runner() as runner:
        one = Scene(platform, home, runner)
        one.both(lambda browser: browser.sign_in(home.email, PASSWORD))
        yield one
        one.both(lambda browser: browser.client.aclose())
    for where, seconds in one.took.items():
        print(f"{where}: {' '.join(f'{1000 * value:.0f}' for value in seconds)} ms")
    with public_context():
        TenantAddOn.objects.filter(tenant_id=home.tenant.id).delete()


def test_a_suspension_and_a_payment(scene: Scene) -> None:
    assert scene.write("Écrit") == [302, 302]
    refused: list[int] = []

    def suspend() -> None:
        services.tenant_suspend(**scene.acts, actor="test")
        # Before a web process has heard of it, the row says so.
        refused.extend(scene.write("Refusé"))

    looked = scene.change(suspend, state="suspended")
    assert refused == [403, 403] and scene.write("Refusé") == [403, 403]
    assert scene.both(scene.read_only) == [True, True]
    assert (looked["in_context"], looked["wrote"], scene.title()) == ("suspended", False, "Écrit")

    def pay() -> None:
        services.change_state(**scene.acts, state="active", actor="Stripe")

    looked = scene.change(pay, state="active")
    assert scene.both(scene.read_only) == [False, False]
    assert (looked["in_context"], looked["wrote"], scene.title()) == ("active", True, "by a job")
    assert scene.write("Payé") == [302, 302] and scene.title() == "Payé"


def test_rights_come_and_go(scene: Scene, people: Any) -> None:
    acts, kept = scene.acts, {}

    def pages() -> set[int]:
        """The statuses of the module's page and of a page whose service asks, in both processes."""

        async def ask(browser: Browser) -> list[int]:
            return [(await browser.client.get(f"/{way}/analytics/")).status_code for way in ("module", "service")]

        return {status for statuses in scene.both(ask) for status in statuses}

    def grant() -> None:
        kept["override"] = grants.override_grant(**acts, key="analytics", limit=Decimal(1), actor=people.operator).pk

    def give() -> None:
        kept["add_on"] = grants.add_on_grant(**acts, add_on="analytics", actor=people.operator).pk

    assert pages() == {403}
    scene.change(grant, analytics=True)
    assert pages() == {200}
    end = {"override_id": kept["override"], "reason": "fini", "actor": people.operator}
    scene.change(lambda: grants.override_end(**end), analytics=False)
    assert pages() == {403}
    scene.change(give, analytics=True)
    assert pages() == {200}
    take = {"tenant_add_on_id": kept["add_on"], "reason": "fini", "actor": people.operator}
    scene.change(lambda: grants.add_on_revoke(**take), analytics=False)
    assert pages() == {403}
    smaller = {"plan": "starter", "plan_of_rights": "starter", "seats": 3}
    scene.change(lambda: services.change_plan(**acts, plan="starter", actor="test"), **smaller)


def test_who_lost_the_connection_sees_it_too(scene: Scene) -> None:
    """A web process, a running job: the connection is lost and the change made before they can know of either."""
    for is_web, state in ((True, "suspended"), (False, "active"), (True, "past_due")):
        job = scene.watch(state=state)

        def act(pid: int = scene.platform.webs[0].pid if is_web else job, state: str = state) -> None:
            _stop_cut_off(pid)
            try:
                services.change_state(**scene.acts, state=state, actor="test")
            finally:
                os.kill(pid, signal.SIGCONT)

        scene.change(act, state=state, watched=True)
        assert scene.write("Après") == ([403, 403] if state == "suspended" else [302, 302])
    # It listens again: a change is seen by what is told, not because nothing is remembered any more.
    scene.change(lambda: services.change_state(**scene.acts, state="active", actor="test"), state="active")


def _stop_cut_off(pid: int) -> None:
    """Stop a process when its connection for changes is ended.

    Once more where it had none at that moment, or where the system's table of connections, read while others come and
    go, left it out.
    """
    until = time.monotonic() + PATIENCE
    while True:
        os.kill(pid, signal.SIGSTOP)
        if _cut_off(pid) == 1:
            return
        os.kill(pid, signal.SIGCONT)
        assert time.monotonic() < until, "it does not listen"
        time.sleep(0.05)


def _cut_off(pid: int) -> int:
    """End the connection on which a process hears of changes; how many there were."""
    server = redis.Redis.from_url(os.environ["REDIS_URL"])
    process = psutil.Process(pid)
    # What a job holds of its parent is its parent's: the connections of a fork's both sides have the same ports.
    ours = {near for near, _far in _ports(process) - _ports(process.parent())}
    listening = [one for one in server.client_list(_type="pubsub") if int(one["addr"].rpartition(":")[2]) in ours]
    return sum(server.client_kill_filter(_id=one["id"]) for one in listening)


def _ports(process: psutil.Process) -> set[tuple[int, int]]:
    """The ports of both ends of each of a process's connections: one alone may be another connection's too."""
    return {(each.laddr.port, each.raddr.port) for each in process.net_connections() if each.raddr}
