"""Leases of answers, limits on concurrent answers, and stop requests, all in Redis.

The lease of an answer names the process that generates it. A thread of that process, not its event loop, renews the
process's heartbeat every second, so that a blocked loop loses no answer. The leases of a dead process become invalid
within `HEARTBEAT_TIMEOUT_MS`. Each answer also occupies a slot of its author and one of its workspace.
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

from conversations.answer_log import client, key, sync_client
from tenants.context import TenantRef, tenant_context

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 1.0
# A process without a heartbeat for this long is considered dead.
HEARTBEAT_TIMEOUT_MS = 10_000
# Leases and slots are written again every so many heartbeats, in case Redis has lost them.
RENEW_EVERY_BEATS = 5
LEASE_MS = 60_000
SLOT_SECONDS = 20.0

# Acquires the lease of an answer and both slots, or nothing. Returns the limit that was reached: 0 none, 1 the
# person's, 2 the workspace's. A negative limit means unlimited.
_ACQUIRE = """
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
class ConcurrencyLimits:
    """Maximum numbers of concurrent answers; None: unlimited."""

    person: int | None = None
    workspace: int | None = None


class LimitReached(Exception):
    """Raised when the limit of the person (`by_person`) or of the workspace is reached."""

    def __init__(self, limit: int, *, by_person: bool) -> None:
        super().__init__(limit)
        self.limit = limit
        self.by_person = by_person


@dataclass(frozen=True)
class LeasedAnswer:
    """An answer with a lease, and the owner of its slots."""

    tenant: TenantRef
    id: UUID
    author_id: UUID


_Lease = tuple[LeasedAnswer, Callable[[], None]]


def _heartbeat_key(owner: str) -> str:
    return f"ruche:alive:{owner}"


def _slot_keys(author_id: UUID) -> list[str]:
    return [key("places", author_id), key("places", "all")]


def acquire(answer_id: UUID, author_id: UUID, limits: ConcurrencyLimits = ConcurrencyLimits()) -> None:
    """Acquire an answer's lease and slots, for `HEARTBEAT_TIMEOUT_MS`; `hold` renews them.

    To be called before the answer's row is committed, so that no process takes the answer for abandoned. Raises
    `LimitReached`; then nothing is acquired.
    """
    maxima = [limits.person, limits.workspace]
    keys = [key("lease", answer_id), _heartbeat_key(_process.owner), *_slot_keys(author_id)]
    now = time.time()
    numbers = [-1 if limit is None else limit for limit in maxima]
    reached = int(
        _acquire_script()(
            keys, [_process.owner, HEARTBEAT_TIMEOUT_MS, now, now - SLOT_SECONDS, *numbers, str(answer_id)]
        )
    )
    if reached:
        raise LimitReached(numbers[reached - 1], by_person=reached == 1)


def _acquire_script() -> Callable[[list[str], list[object]], Any]:
    script = sync_client().register_script(_ACQUIRE)
    return lambda keys, arguments: script(keys=keys, args=arguments)


def hold(answer: LeasedAnswer, on_stop: Callable[[], None]) -> None:
    """Renew an answer's lease until `release`. `on_stop` is called in the lease thread when a stop is requested."""
    _process.lease_thread().hold(answer, on_stop)


def release(answer_id: UUID) -> None:
    """Release an answer's lease and slots within a second. To be called once its end is saved, or cannot be."""
    _process.lease_thread().release(answer_id)


def flush() -> None:
    """Write pending releases immediately, before the process stops."""
    _process.lease_thread().flush()


def is_generating(answer_id: UUID) -> bool:
    """Whether a living process generates the answer. True while Redis is unavailable, so that it is not closed."""
    try:
        owner = sync_client().get(key("lease", answer_id))
        return owner is not None and bool(sync_client().exists(_heartbeat_key(str(owner))))
    except redis.RedisError:
        log.warning("lease not known, Redis is away: message=%s", answer_id)
        return True


async def is_generating_async(answer_id: UUID) -> bool:
    """`is_generating` for async code."""
    try:
        owner = await client().get(key("lease", answer_id))
        return owner is not None and bool(await client().exists(_heartbeat_key(owner)))
    except redis.RedisError:
        return True


def request_stop(answer_id: UUID) -> None:
    """Request that the process which generates the answer stops it; that process checks every second."""
    sync_client().set(key("stop", answer_id), "1", ex=600)


class _LeaseThread(threading.Thread):
    """Thread that writes the process's heartbeat, renews the leases of its answers and reads stop requests."""

    def __init__(self, owner: str) -> None:
        super().__init__(name="ruche-leases", daemon=True)
        self.owner = owner
        self._held: dict[UUID, _Lease] = {}
        self._released: list[LeasedAnswer] = []
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._heartbeats = 0

    def hold(self, answer: LeasedAnswer, on_stop: Callable[[], None]) -> None:
        with self._lock:
            self._held[answer.id] = (answer, on_stop)
            self._heartbeats = 0
        self._changed.set()

    def release(self, answer_id: UUID) -> None:
        with self._lock:
            lease = self._held.pop(answer_id, None)
            if lease:
                self._released.append(lease[0])
        self._changed.set()

    def flush(self) -> None:
        with contextlib.suppress(redis.RedisError):
            self._write_heartbeat()

    def run(self) -> None:
        while True:
            # No heartbeat while the process has no answers.
            self._changed.wait(None if not self._held and not self._released else HEARTBEAT_SECONDS)
            self._changed.clear()
            try:
                self._write_heartbeat()
            except redis.RedisError as error:
                # The next successful heartbeat renews all leases.
                self._heartbeats = 0
                log.warning("leases not renewed, Redis is away: %s", type(error).__name__)
                time.sleep(0.2)
            except Exception:
                log.exception("leases not renewed")
                time.sleep(HEARTBEAT_SECONDS)

    def _write_heartbeat(self) -> None:
        with self._lock:
            held, released, self._released = list(self._held.values()), self._released, []
            is_renewal, self._heartbeats = self._heartbeats % RENEW_EVERY_BEATS == 0, self._heartbeats + 1
        try:
            stop_requests = self._write(held if is_renewal else [], released, [answer for answer, _stop in held])
        except BaseException:
            with self._lock:
                self._released = released + self._released
            raise
        for (_answer, on_stop), stop_request in zip(held, stop_requests, strict=True):
            if stop_request is not None:
                on_stop()

    def _write(self, renewed: list[_Lease], released: list[LeasedAnswer], held: list[LeasedAnswer]) -> list[object]:
        """Write in one round trip. Returns the value of the stop key of each held answer, None if there is none."""
        now = time.time()
        with sync_client().pipeline(transaction=False) as pipe:
            pipe.set(_heartbeat_key(self.owner), "1", px=HEARTBEAT_TIMEOUT_MS)
            for answer, _stop in renewed:
                with tenant_context(answer.tenant):
                    pipe.set(key("lease", answer.id), self.owner, px=LEASE_MS)
                    for slots in _slot_keys(answer.author_id):
                        pipe.zadd(slots, {str(answer.id): now})
            for answer in released:
                with tenant_context(answer.tenant):
                    pipe.delete(key("lease", answer.id), key("stop", answer.id))
                    for slots in _slot_keys(answer.author_id):
                        pipe.zrem(slots, str(answer.id))
            if held:
                pipe.mget([_stop_key(answer) for answer in held])
            results = pipe.execute()
        return list(results[-1]) if held else []


def _stop_key(answer: LeasedAnswer) -> str:
    with tenant_context(answer.tenant):
        return key("stop", answer.id)


class _Process:
    """State of this process that a forked child must recreate: its name and its lease thread."""

    def __init__(self) -> None:
        self.owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._lease_thread: _LeaseThread | None = None
        self._lock = threading.Lock()

    def lease_thread(self) -> _LeaseThread:
        with self._lock:
            if self._lease_thread is None:
                self._lease_thread = _LeaseThread(self.owner)
                self._lease_thread.start()
            return self._lease_thread


_process = _Process()
os.register_at_fork(after_in_child=_process.__init__)  # type: ignore[misc]


def owner() -> str:
    """The name of this process in leases."""
    return _process.owner


def count_active(author_id: UUID) -> int:
    """The number of a person's answers in progress."""
    return int(sync_client().zcard(_slot_keys(author_id)[0]))
