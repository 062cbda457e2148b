"""`fleet_migrate`: public, then the canaries, then everybody, a group of like schemas at a time, several at once.

A schema that fails is rolled back, reported and left behind; it stops nothing else, unless it is a canary. A schema
whose locks are taken goes back into the queue.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone
from psycopg import errors

from tenants import selectors
from tenants.context import PUBLIC_SCHEMA, public_context, schema_context
from tenants.fleet import applied, replay, survey
from tenants.fleet.recipe import Plan, Recipe
from tenants.fleet.survey import Alike, Member
from tenants.models import SchemaFailure, Tenant
from tenants.sql import owner_transaction

log = logging.getLogger(__name__)

TRIES = 6
# After so many first schemas of a group have failed in a row, the migration is at fault, not the schema.
FIRSTS = 3
# Backends grow with every schema whose tables they touch: a thread takes a new one after so many.
SCHEMAS_A_CONNECTION = 200
_LOCK = 7_226_001
_RETRYABLE = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)


class AlreadyRunning(RuntimeError):
    """Raised where another fleet_migrate is at work on this database."""


class UnknownCanary(ValueError):
    """Raised with the slug that no workspace has."""


@dataclass(frozen=True)
class Failure:
    """A schema that was rolled back, and why."""

    member: Member
    migration: str
    error: str

    def told(self) -> dict[str, str]:
        slug = {"slug": self.member.slug} if self.member.slug else {}
        return {"schema": self.member.schema_name, **slug, "migration": self.migration, "error": self.error}


@dataclass
class Report:
    """What a run did. `not_tried` were left because a canary failed, or because every first of their group did."""

    schemas: int = 0
    public: list[str] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    migrated: int = 0
    failed: list[Failure] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    not_tried: int = 0
    retries: int = 0
    seconds: float = 0.0

    @property
    def status(self) -> str:
        if self.failed or self.not_tried or self.missing:
            return "failed"
        return "migrated" if self.migrated or self.public else "current"

    def told(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "status": self.status,
            "schemas": self.schemas,
            "public": self.public,
            "groups": self.groups,
            "migrated": self.migrated,
            "failed": [failure.told() for failure in self.failed],
            "missing": self.missing,
            "not_tried": self.not_tried,
            "retries": self.retries,
            "seconds": round(self.seconds, 2),
        }


Progress = Callable[[int, int, int], None]  # done, all, failed


def plan() -> Report:
    """What a run would do; nothing is changed."""
    report = Report(public=sorted(applied.names_of(applied.unmet(applied.read(PUBLIC_SCHEMA)))))
    found = survey.look()
    report.schemas, report.missing = len(found.schemas), [member.schema_name for member in found.missing]
    for group in found.alike:
        with schema_context(group.members[0].schema_name):
            report.groups.append(_told(group, Plan()))
    report.not_tried = found.behind
    return report


def run(
    *, canaries: Sequence[str] = (), jobs: int = 2, resume: bool = False, progress: Progress | None = None
) -> Report:
    """Bring public and every schema up to this code. `canaries` are slugs; `resume` takes up what a run has left:
    public and canaries have had their turn.

    Raises `AlreadyRunning`, `UnknownCanary`.
    """
    begun = time.monotonic()
    report = Report()
    with _alone():
        first = _canaries(canaries)
        if not resume:
            report.public = _migrate_public()
        found = survey.look()
        lead = _Lead(report, jobs, progress, found)
        lead.groups(found.only(first))
        if first and report.failed:
            report.not_tried = found.without(first).behind
        else:
            lead.groups(found.without(first))
            # Workspaces that the former code has made meanwhile.
            lead.groups(survey.look(found.schemas))
        _forget_mended()
    report.seconds = time.monotonic() - begun
    return report


class _alone:
    """Held while a run goes on: a lock that goes with its transaction, on a connection of its own."""

    def __enter__(self) -> None:
        self._transaction = owner_transaction()
        owner = self._transaction.__enter__()
        # Without parameters: else the driver leaves an open portal whose snapshot stops CREATE INDEX CONCURRENTLY.
        if owner.execute(f"SELECT pg_try_advisory_xact_lock({_LOCK})".encode()).fetchone() != (True,):
            self._transaction.__exit__(None, None, None)
            raise AlreadyRunning

    def __exit__(self, *told: Any) -> None:
        self._transaction.__exit__(*told)


def _canaries(slugs: Sequence[str]) -> list[str]:
    with public_context():
        known = dict(Tenant.objects.filter(slug__in=slugs).values_list("slug", "schema_name"))
    for slug in slugs:
        if slug not in known:
            raise UnknownCanary(slug)
    return [known[slug] for slug in slugs]


def _migrate_public() -> list[str]:
    unmet = applied.unmet(applied.read(PUBLIC_SCHEMA))
    if unmet:
        with public_context():
            call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    return applied.names_of(unmet)


def _told(group: Alike, plan: Plan) -> dict[str, Any]:
    return {"schemas": len(group.members), "migrations": plan.names}


class _Lead:
    def __init__(self, report: Report, jobs: int, progress: Progress | None, found: survey.Survey) -> None:
        self.report, self.jobs, self.progress = report, max(1, jobs), progress
        self.lock = threading.Lock()
        self.all = found.behind
        report.schemas = len(found.schemas)
        report.missing = [member.schema_name for member in found.missing]

    def groups(self, found: survey.Survey) -> None:
        plans: dict[frozenset[applied.Key], Plan] = {}
        for group in found.alike:
            if group.applied not in plans:
                with schema_context(group.members[0].schema_name):
                    plans[group.applied] = Plan()
            self.group(group, plans[group.applied])

    def group(self, group: Alike, plan: Plan) -> None:
        self.report.groups.append(_told(group, plan))
        _remember_sets(plan)
        rest = deque(group.members)
        recipe = self.first(rest, plan)
        if recipe is None:
            self.report.not_tried += len(rest)
            return
        queue = _Queue(rest)
        threads = [threading.Thread(target=self.work, args=(queue, plan, recipe)) for _ in range(self.jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        selectors.forget_all_hosts()

    def first(self, rest: deque[Member], plan: Plan) -> Recipe | None:
        """The recipe, from the first schema that takes the migration."""
        for _number in range(FIRSTS):
            if not rest:
                return None
            member = rest.popleft()
            first = replay.First(member.schema_name, plan)
            for tries in range(1, TRIES + 1):
                try:
                    recipe = first.run()
                except Exception as error:
                    if _may_try_again(error) and tries < TRIES:
                        self.again(tries)
                        continue
                    self.failed(member, plan, error)
                    break
                self.done()
                return recipe
        return None

    def work(self, queue: "_Queue", plan: Plan, recipe: Recipe) -> None:
        """A thread: schema after schema, until none is left."""
        served = 0
        try:
            while taken := queue.take():
                member, tries = taken
                try:
                    replay.again(member.schema_name, plan, recipe)
                except Exception as error:
                    if _may_try_again(error) and tries < TRIES:
                        self.again(tries)
                        queue.back(member, tries + 1)
                    else:
                        self.failed(member, plan, error)
                else:
                    self.done()
                served += 1
                if served % SCHEMAS_A_CONNECTION == 0:
                    connection.close()
        finally:
            connections.close_all()

    def again(self, tries: int) -> None:
        with self.lock:
            self.report.retries += 1
        time.sleep(min(2.0, 0.1 * 2**tries) * random.uniform(0.5, 1.0))  # noqa: S311

    def done(self) -> None:
        with self.lock:
            self.report.migrated += 1
            self.tell()

    def failed(self, member: Member, plan: Plan, error: Exception) -> None:
        failure = Failure(member, ", ".join(plan.names)[:255], _in_words(error))
        log.error("fleet: schema=%s slug=%s not migrated: %s", member.schema_name, member.slug, failure.error)
        _write_down(failure)
        with self.lock:
            self.report.failed.append(failure)
            self.tell()

    def tell(self) -> None:
        if self.progress:
            self.progress(self.report.migrated + len(self.report.failed), self.all, len(self.report.failed))


class _Queue:
    """Schemas to migrate, with the number of the try. Safe between threads."""

    def __init__(self, members: deque[Member]) -> None:
        self._waiting = deque((member, 1) for member in members)

    def take(self) -> tuple[Member, int] | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def back(self, member: Member, tries: int) -> None:
        self._waiting.append((member, tries))


def _may_try_again(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and isinstance(error.__cause__, _RETRYABLE)


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip()[:2000]


def _remember_sets(plan: Plan) -> None:
    """The sets that schemas of this plan will have, after each part: a request may meet any of them."""
    has = plan.applied
    with public_context(), transaction.atomic(), connection.cursor() as cursor:
        applied.remember_set(cursor, has)
        for _atomic, part in plan.parts():
            has |= set(plan.recorded_by(part, has))
            applied.remember_set(cursor, has)


def _write_down(failure: Failure) -> None:
    with public_context(), transaction.atomic():
        row, made = SchemaFailure.objects.get_or_create(
            schema_name=failure.member.schema_name,
            defaults={"migration": failure.migration, "error": failure.error},
        )
        if not made:
            row.migration, row.error, row.tries = failure.migration, failure.error, row.tries + 1
            row.failed_at = timezone.now()
            row.save()


def _forget_mended() -> None:
    """Failures of schemas that are up to date now, or gone."""
    with public_context():
        if SchemaFailure.objects.exists():
            SchemaFailure.objects.exclude(schema_name__in=survey.look().names).delete()
