"""The workspace of a host: known in the process, seen changed by every process within a second, found without Redis."""

import os
import time
from dataclasses import replace
from uuid import uuid4

import pytest
import redis
from django.conf import settings

from accounts.services import user_create
from mailing.models import OutboxMessage
from tenants import broadcast, host_cache, host_store, selectors, services
from tenants.breaker import quick_client
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tests.live.workspaces import PASSWORD, make, remove
from tests.tenants.peer import Peer
from tests.tenants.wire import Wire

pytestmark = pytest.mark.committed
# The longest that one page may wait for Redis, and plenty of time to be made in on a busy machine: the driver's own
# patience is longer.
ONCE = settings.REDIS_QUICK_SECONDS + 3.5


@pytest.fixture
def space(people):
    made = make(f"cache-{uuid4().hex[:8]}")
    yield made
    with public_context():
        if Tenant.objects.filter(pk=made.tenant.id).exists():
            remove(made)


@pytest.fixture
def known(peers, space):
    """Every process knows the workspace by itself: no query, no round trip."""
    for peer in peers:
        assert peer.ask("until_known", host=space.host)["queries"] == 0
    return space


def seen(peers, host, field, value):
    """All peers look at the same time; the longest that one needed, in seconds."""
    for peer in peers:
        peer.begin("until", host=host, field=field, value=value)
    return max(peer.end() for peer in peers)


def test_a_change_is_seen_by_every_process_within_a_second(known, peers):
    first, *others = peers
    key = {"tenant_id": str(known.tenant.id), "reason": "essai", "actor": "test"}
    first.ask("call", service="tenant_suspend", **key)
    took = [seen(peers, known.host, "state", "suspended")]
    first.ask("call", service="tenant_resume", **key)
    took.append(seen(peers, known.host, "state", "trial"))
    first.ask("call", service="change_plan", plan="pro", **key)
    took.append(seen(peers, known.host, "plan_code", "pro"))
    others[0].ask("rename", tenant_id=str(known.tenant.id), name="Autre nom")
    took.append(seen(peers, known.host, "name", "Autre nom"))
    assert max(took) < 1
    # Not because everybody asks anew each time.
    for peer in peers:
        peer.ask("until_known", host=known.host)


def test_a_domain_comes_moves_and_goes(known, peers):
    host, tenant_id = f"propre-{known.tenant.slug}.example", str(known.tenant.id)
    # Every process has just learnt that nobody is there.
    assert [peer.ask("ref", host=host) for peer in peers] == [None] * 3
    peers[0].ask("domains", tenant_id=tenant_id, add=host)
    assert seen(peers, host, "found", True) < 1
    assert {peer.ask("ref", host=host)["domain"] for peer in peers} == {host}
    assert {peer.ask("ref", host=known.host)["domain"] for peer in peers} == {known.host}

    peers[1].ask("domains", tenant_id=tenant_id, primary=host)
    assert seen(peers, host, "version", 2) < 1

    neighbour = make(f"cache-{uuid4().hex[:8]}")
    try:
        peers[0].ask("domains", tenant_id=tenant_id, remove=host)
        peers[1].ask("domains", tenant_id=str(neighbour.tenant.id), add=host)
        assert seen(peers, host, "name", neighbour.tenant.name) < 1
        peers[1].ask("domains", tenant_id=str(neighbour.tenant.id), remove=host)
        assert seen(peers, host, "found", False) < 1
        assert all(peer.ask("ref", host=known.host) for peer in peers)
    finally:
        remove(neighbour)


def test_an_unknown_host_that_is_made_is_found(peers):
    slug = f"cache-{uuid4().hex[:8]}"
    host = f"{slug}.{settings.BASE_HOST}"
    assert [peer.ask("ref", host=host) for peer in peers] == [None] * 3
    made = make(slug)
    try:
        assert seen(peers, host, "found", True) < 1
    finally:
        remove(made)
    assert seen(peers, host, "found", False) < 1


def test_a_workspace_that_is_gone_is_not_brought_back_by_a_late_reader(space):
    hosts, epoch = host_store.read(space.host)
    assert hosts[space.host].id == space.tenant.id
    remove(space)
    assert selectors.tenant_for_host(space.host) is None
    host_store.fill(space.host, hosts, epoch)
    assert host_store.read(space.host)[0] is None
    assert selectors.tenant_for_host(space.host) is None


def test_a_late_reader_does_not_write_over_a_newer_row(space):
    old, epoch = host_store.read(space.host)
    services.tenant_suspend(tenant_id=space.tenant.id, reason="essai", actor="test")
    host_store.fill(space.host, old, epoch)
    assert host_store.read(space.host)[0][space.host].state == "suspended"
    # A row that was read newer than what was told is taken: its change will be told.
    host_store.fill(space.host, {space.host: replace(old[space.host], version=9, name="Neuf")}, epoch)
    assert host_store.read(space.host)[0][space.host].name == "Neuf"


def test_after_a_change_of_all_a_late_reader_writes_nothing(space):
    old, epoch = host_store.read(space.host)
    Tenant.objects.filter(pk=space.tenant.id).update(applied="another digest")
    selectors.forget_all_hosts()
    assert host_store.read(space.host)[0] is None
    host_store.fill(space.host, old, epoch)
    assert host_store.read(space.host)[0] is None
    assert selectors.tenant_for_host(space.host).applied == "another digest"
    assert host_store.read(space.host)[0][space.host].applied == "another digest"


def test_one_message_makes_every_process_look_again(known, peers):
    Tenant.objects.filter(pk=known.tenant.id).update(name="Écrit de côté")
    assert [peer.ask("until_known", host=known.host)["name"] for peer in peers] == [known.tenant.name] * 3
    selectors.forget_all_hosts()
    assert seen(peers, known.host, "name", "Écrit de côté") < 1


def test_a_picture_of_another_shape_is_not_read_and_goes_with_a_change(space):
    key = f"ruche:workspace:{space.tenant.id}"
    quick_client().hset(key, "0123456789ab", "a picture of other code")
    quick_client().hdel(key, host_store.SHAPE)
    assert host_store.read(space.host)[0] is None
    assert selectors.tenant_for_host(space.host).state == "trial"
    # Both stand beside each other, and go together.
    assert quick_client().hexists(key, "0123456789ab") and quick_client().hexists(key, host_store.SHAPE)
    services.tenant_suspend(tenant_id=space.tenant.id, reason="essai", actor="test")
    assert not quick_client().hexists(key, "0123456789ab")


def test_a_picture_comes_back_as_it_was(space):
    broadcast.forget_here()
    stored = host_store.read(space.host)[0]
    assert stored == host_cache._rows_at(space.host) and stored[space.host].trial_ends_at is not None


def test_a_change_is_seen_inside_its_transaction_and_undone_with_it(known, peers):
    found = peers[0].ask("suspend_and_roll_back", tenant_id=str(known.tenant.id), host=known.host)
    assert found == ["trial", "suspended", "trial"]
    assert {peer.ask("ref", host=known.host)["state"] for peer in peers} == {"trial"}


def test_what_is_seen_never_goes_back(known, peers):
    """One process changes again and again while two look, and lose now their memory, now that of Redis."""
    writer, *readers = peers
    for reader in readers:
        reader.begin("versions", host=known.host, last=40)
    for number in range(40):
        writer.ask("rename", tenant_id=str(known.tenant.id), name=f"Nom {number}")
        if number % 5 == 0:
            broadcast.publish(host_cache.TOPIC)
        if number % 7 == 0:
            quick_client().delete(f"ruche:workspace:{known.tenant.id}")
    for reader in readers:
        versions = reader.end()
        assert versions == sorted(versions) and versions[-1] == 40


def test_a_lost_connection_leaves_nothing_stale(known, peers):
    """Nobody hears the change: what is remembered must not be believed by then."""
    server = redis.Redis.from_url(os.environ["REDIS_URL"])
    server.client_kill_filter(_type="pubsub")
    services.tenant_suspend(tenant_id=known.tenant.id, reason="essai", actor="test")
    server.client_kill_filter(_type="pubsub")
    assert seen(peers, known.host, "state", "suspended") < 1


def test_a_warm_page_asks_nobody_for_its_workspace(known, peers):
    peer = peers[0]
    peer.ask("sign_in", host=known.host, who=known.email, password=PASSWORD)
    assert peer.ask("get", host=known.host, path="/", who=known.email)[0] == 200
    peer.ask("until_known", host=known.host)
    with quick_client().monitor() as monitor:
        status, _seconds, of_hosts = peer.ask("get", host=known.host, path="/", who=known.email)
        quick_client().echo("the end")
        said = []
        while "the end" not in (line := monitor.next_command()["command"]):
            said.append(line)
    assert status == 200 and of_hosts == 0
    # Other processes of the run ask for theirs meanwhile.
    ours = (f"ruche:host:{known.host}", f"ruche:workspace:{known.tenant.id}")
    assert [line for line in said if any(key in line for key in ours)] == []


@pytest.fixture
def wired(space):
    """A peer that knows the workspace, signed in, and its wire to Redis."""
    wire = Wire()
    peer = Peer(redis_url=wire.url)
    assert peer.ask("sign_in", host=space.host, who=space.email, password=PASSWORD)[0] == 302
    peer.ask("until_connected")
    assert peer.ask("get", host=space.host, path="/", who=space.email)[0] == 200
    yield peer, wire
    wire.flow()
    peer.stop()
    wire.cut()


@pytest.mark.parametrize("how", ["hang", "cut"])
def test_pages_without_redis(wired, space, how):
    peer, wire = wired
    getattr(wire, how)()
    # Past the time in which the process may still believe what it remembers.
    time.sleep(broadcast.TRUST_SECONDS + 0.1)
    pages = [
        peer.ask("get", host=space.host, path=path, who=space.email)
        for path in ("/", "/conversations/", "/library/", "/settings/", "/brand/75.css", "/")
    ]
    assert [status for status, *_ in pages] == [200] * 6
    assert max(seconds for _, seconds, _ in pages) < ONCE
    # Once for all, not once a page.
    assert sum(seconds for _, seconds, _ in pages) < ONCE + 1
    # From the rows each time: what is remembered may have changed.
    assert all(of_hosts == 1 for *_, of_hosts in pages)
    assert peer.ask("get", host="nobody.localhost", path="/", who="nobody")[0] == 404
    assert peer.ask("get", host="localhost", path="/readyz", who="probe")[0] == 503
    # Somebody else changes it, with a Redis that we do not reach.
    services.tenant_suspend(tenant_id=space.tenant.id, reason="essai", actor="test")
    assert peer.ask("ref", host=space.host)["state"] == "suspended"


@pytest.mark.parametrize("how", ["hang", "cut"])
def test_signing_in_without_redis(wired, space, how):
    peer, wire = wired
    with tenant_context(space.tenant):
        user_create(email="autre@cache.test", password=PASSWORD, role="member")
    getattr(wire, how)()
    status, seconds = peer.ask("sign_in", host=space.host, who="autre@cache.test", password=PASSWORD)
    assert status == 302 and seconds < ONCE + 1.5
    # A mail that is asked for leaves when Redis is back: its row is there, and the page says so.
    asked = peer.ask("post", host=space.host, path="/accounts/password/reset/", data={"email": "autre@cache.test"})
    assert asked == 302
    with public_context():
        assert OutboxMessage.objects.filter(tenant_slug=space.tenant.slug, to=["autre@cache.test"]).exists()
    # Guesses are still counted, by the process: past some, not even the right one is let in.
    guess = {"host": space.host, "who": "autre@cache.test", "browser": "guessing"}
    assert {peer.ask("sign_in", **guess, password="faux")[0] for _ in range(9)} == {200}
    assert peer.ask("sign_in", **guess, password=PASSWORD)[0] == 200


def test_a_change_that_redis_did_not_take_is_seen_when_it_is_back(wired, space, peers):
    peer, wire = wired
    for other in peers:
        other.ask("ref", host=space.host)
        other.ask("ref", host=space.host)
    wire.cut()
    peer.ask("call", service="tenant_suspend", tenant_id=str(space.tenant.id), reason="essai", actor="test")
    assert peer.ask("ref", host=space.host)["state"] == "suspended"
    wire.flow()
    assert seen([peer, *peers], space.host, "state", "suspended") < broadcast.MAX_WAIT_SECONDS + 1
