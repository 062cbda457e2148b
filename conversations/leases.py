"""Who makes an answer, how many are made at once, and the wish that one stop. All of it in Redis.

The lease of an answer names the process that makes it. A thread of that process, not its event loop, says every
second that the process lives: a loop that lags loses no answer, and a process that dies loses all of its answers
within `BEAT_MS`. Each answer under way also holds a place of its person and of its workspace; places are counted.
"""

import contextlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis

from conversations.live import client, key, sync_client
from tenants.context import TenantRef, tenant_context

log = logging.getLogger(__name__)
BEAT_SECONDS = 1.0
# Without a sign of life for so long, a process counts as dead.
BEAT_MS = 10_000
# Leases and places are written anew every so many beats: Redis may have come back empty.
RENEW_EVERY = 5
LEASE_MS = 60_000
PLACE_SECONDS = 20.0

# Takes the lease of an answer and a place of each kind, or nothing. Returns which place was full: 0 none, 1 the
# person's, 2 the workspace's. A limit below 0 is none.
_TAKE = """
for number = 1, 2 do
  local places, limit = KEYS[2 + number], tonumber(ARGV[4 + number])
  redis.call('ZREMRANGEBYSCORE', places, '-inf', ARGV[4])
  if limit >= 0 and redis.call('ZCARD', places) >= limit then return number end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])
for number = 3, 4 do
  redis.call('ZADD', KEYS[number], ARGV[3], ARGV[7])
  redis.call('EXPIRE', KEYS[number], 3600)
end
return 0
"""


@dataclass(frozen=True)
class Places:
    """How many answers may be under way at once; None: any number."""

    of_person: int | None = None
    of_workspace: int | None = None


class NoPlace(Exception):
    """Raised where too many answers are under way. `limit` is the number reached, by the person or the workspace."""

    def __init__(self, limit: int, *, by_person: bool) -> None:
        super().__init__(limit)
        self.limit = limit
        self.by_person = by_person


@dataclass(frozen=True)
class Answer:
    """Which answer a process makes, for whom."""

    tenant: TenantRef
    id: UUID
    author_id: UUID


_Held = tuple[Answer, Callable[[], None]]


def _alive(owner: str) -> str:
    return f"ruche:alive:{owner}"


def _places(author_id: UUID) -> list[str]:
    return [key("places", author_id), key("places", "all")]


def take(answer_id: UUID, author_id: UUID, places: Places = Places()) -> None:
    """Take an answer's lease and places before its row can be seen: nobody then believes it abandoned.

    They last `BEAT_MS`; `hold` keeps them. Raises `NoPlace`; then nothing is taken.
    """
    limits = [places.of_person, places.of_workspace]
    keys = [key("lease", answer_id), _alive(_process.owner), *_places(author_id)]
    now = time.time()
    numbers = [-1 if limit is None else limit for limit in limits]
    full = int(_script()(keys, [_process.owner, BEAT_MS, now, now - PLACE_SECONDS, *numbers, str(answer_id)]))
    if full:
        raise NoPlace(numbers[full - 1], by_person=full == 1)


def _script() -> Callable[[list[str], list[object]], Any]:
    script = sync_client().register_script(_TAKE)
    return lambda keys, arguments: script(keys=keys, args=arguments)


def hold(answer: Answer, on_stop: Callable[[], None]) -> None:
    """Keep an answer's lease until `let_go`. `on_stop`: somebody wishes its end; called in the keeper's thread."""
    _process.keeper().hold(answer, on_stop)


def let_go(answer_id: UUID) -> None:
    """The end of an answer is saved, or cannot be: its lease and places are free within a second."""
    _process.keeper().let_go(answer_id)


def settle() -> None:
    """Write what was let go, now: this process ends."""
    _process.keeper().settle()


def is_made(answer_id: UUID) -> bool:
    """Whether some living process makes the answer. With Redis away nobody knows: it is left alone."""
    try:
        owner = sync_client().get(key("lease", answer_id))
        return owner is not None and bool(sync_client().exists(_alive(str(owner))))
    except redis.RedisError:
        log.warning("lease not known, Redis is away: message=%s", answer_id)
        return True


async def is_made_now(answer_id: UUID) -> bool:
    """As `is_made`, for async code."""
    try:
        owner = await client().get(key("lease", answer_id))
        return owner is not None and bool(await client().exists(_alive(owner)))
    except redis.RedisError:
        return True


def ask_to_stop(answer_id: UUID) -> None:
    """Ask whichever process makes the answer to stop; it looks every second."""
    sync_client().set(key("stop", answer_id), "1", ex=600)


class _Keeper(threading.Thread):
    """Says that this process lives, keeps the leases of its answers, and hears which shall stop."""

    def __init__(self, owner: str) -> None:
        super().__init__(name="ruche-leases", daemon=True)
        self.owner = owner
        self._held: dict[UUID, _Held] = {}
        self._gone: list[Answer] = []
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._beats = 0

    def hold(self, answer: Answer, on_stop: Callable[[], None]) -> None:
        with self._lock:
            self._held[answer.id] = (answer, on_stop)
            self._beats = 0
        self._changed.set()

    def let_go(self, answer_id: UUID) -> None:
        with self._lock:
            found = self._held.pop(answer_id, None)
            if found:
                self._gone.append(found[0])
        self._changed.set()

    def settle(self) -> None:
        with contextlib.suppress(redis.RedisError):
            self._beat()

    def run(self) -> None:
        while True:
            # A process without answers says nothing.
            self._changed.wait(None if not self._held and not self._gone else BEAT_SECONDS)
            self._changed.clear()
            try:
                self._beat()
            except redis.RedisError as error:
                # At the first beat that gets through everything is written anew.
                self._beats = 0
                log.warning("leases not renewed, Redis is away: %s", type(error).__name__)
                time.sleep(0.2)
            except Exception:
                log.exception("leases not renewed")
                time.sleep(BEAT_SECONDS)

    def _beat(self) -> None:
        with self._lock:
            held, gone, self._gone = list(self._held.values()), self._gone, []
            renews, self._beats = self._beats % RENEW_EVERY == 0, self._beats + 1
        try:
            wishes = self._write(held if renews else [], gone, [answer for answer, _stop in held])
        except BaseException:
            with self._lock:
                self._gone = gone + self._gone
            raise
        for (_answer, on_stop), wish in zip(held, wishes, strict=True):
            if wish is not None:
                on_stop()

    def _write(self, renewed: list[_Held], gone: list[Answer], held: list[Answer]) -> list[object]:
        """One round trip. Returns, for each answer held, what its wish to stop says."""
        now = time.time()
        with sync_client().pipeline(transaction=False) as pipe:
            pipe.set(_alive(self.owner), "1", px=BEAT_MS)
            for answer, _stop in renewed:
                with tenant_context(answer.tenant):
                    pipe.set(key("lease", answer.id), self.owner, px=LEASE_MS)
                    for places in _places(answer.author_id):
                        pipe.zadd(places, {str(answer.id): now})
            for answer in gone:
                with tenant_context(answer.tenant):
                    pipe.delete(key("lease", answer.id), key("stop", answer.id))
                    for places in _places(answer.author_id):
                        pipe.zrem(places, str(answer.id))
            if held:
                pipe.mget([_stop_key(answer) for answer in held])
            results = pipe.execute()
        return list(results[-1]) if held else []


def _stop_key(answer: Answer) -> str:
    with tenant_context(answer.tenant):
        return key("stop", answer.id)


class _Process:
    """What a forked child must not inherit: a name, and a thread that it does not have."""

    def __init__(self) -> None:
        self.owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._keeper: _Keeper | None = None
        self._lock = threading.Lock()

    def keeper(self) -> _Keeper:
        with self._lock:
            if self._keeper is None:
                self._keeper = _Keeper(self.owner)
                self._keeper.start()
            return self._keeper


_process = _Process()
os.register_at_fork(after_in_child=_process.__init__)  # type: ignore[misc]


def owner() -> str:
    """The name of this process, in leases."""
    return _process.owner


def owner_of(answer_id: UUID) -> str | None:
    """Whose lease it is. For tests and those who look for a fault."""
    found = sync_client().get(key("lease", answer_id))
    return str(found) if found is not None else None


def under_way(author_id: UUID) -> int:
    """How many answers of a person are under way."""
    return int(sync_client().zcard(_places(author_id)[0]))
