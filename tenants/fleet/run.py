"""`fleet_migrate`: public, then the canaries, then everybody, a group of like schemas at a time, several at once.

A schema that fails is rolled back, reported and left behind; it stops nothing else, unless it is a canary. A schema
whose locks are taken goes back into the queue.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from psycopg import errors

from tenants import selectors
from tenants.context import PUBLIC_SCHEMA, public_context, schema_context
from tenants.fleet import applied, replay, survey
from tenants.fleet.recipe import Changed, Plan, Recipe
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
_RETRYABLE = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.TooManyConnections,
)


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
    def failed_names(self) -> set[str]:
        return {failure.member.schema_name for failure in self.failed}

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
    """What a run would do; nothing is changed. `failed`: those that could not even be planned."""
    report = Report(public=applied.names_of(applied.unrecorded(applied.read(PUBLIC_SCHEMA))))
    try:
        _one_end_to_each_app()
    except CommandError as error:
        report.failed.append(_public(error))
    found = survey.look()
    report.schemas, report.missing = len(found.schemas), [member.schema_name for member in found.missing]
    for group in found.alike:
        try:
            with schema_context(group.members[0].schema_name):
                report.groups.append(_told(group, Plan()))
        except Exception as error:
            report.failed += [Failure(member, "", _in_words(error)) for member in group.members]
    report.not_tried = found.without(report.failed_names).behind
    return report


def run(
    *, canaries: Sequence[str] = (), jobs: int = 2, resume: bool = False, progress: Progress | None = None
) -> Report:
    """Bring public and every schema up to this code. `canaries` are slugs; `resume` takes up what a run has left:
    public and canaries have had their turn. An interruption (Ctrl-C) lets the schemas at work finish, and is told as
    what was not tried.

    Raises `AlreadyRunning`, `UnknownCanary`.
    """
    begun = time.monotonic()
    report = Report()
    with _alone():
        try:
            _run(report, _canaries(canaries), jobs, resume, progress)
        except KeyboardInterrupt:
            log.warning("fleet: interrupted")
            connection.close()
            report.not_tried = survey.look().without(report.failed_names).behind
        _forget_mended()
    report.seconds = time.monotonic() - begun
    return report


def _run(report: Report, first: list[str], jobs: int, resume: bool, progress: Progress | None) -> None:
    try:
        _one_end_to_each_app()
        if not resume:
            report.public = _migrate_public()
    except Exception as error:
        log.error("fleet: public not migrated", exc_info=not isinstance(error, CommandError))
        connection.close()
        report.failed.append(_public(error))
    found = survey.look()
    lead = _Lead(report, jobs, progress, found)
    if not report.failed:
        lead.groups(found.only(first))
    if report.failed or not {member.schema_name for member in found.missing}.isdisjoint(first):
        report.not_tried = found.without(report.failed_names).behind - report.migrated
        return
    lead.groups(found.without(first))
    # Workspaces that the former code has made meanwhile, and schemas that somebody else was at.
    again = survey.look(found.schemas - lead.changed)
    lead.seen_twice = True
    lead.groups(again)


def _one_end_to_each_app() -> None:
    """Stock refuses migrations that have branched too. Raises `CommandError`."""
    branched = MigrationLoader(None, ignore_no_migrations=True).detect_conflicts()
    if branched:
        told = "; ".join(f"{app}: {', '.join(sorted(names))}" for app, names in sorted(branched.items()))
        raise CommandError(f"Conflicting migrations ({told}): makemigrations --merge.")


class _alone:
    """Held while a run goes on: a lock that goes with its transaction, on a connection of its own."""

    def __enter__(self) -> None:
        self._transaction = owner_transaction()
        owner = self._transaction.__enter__()
        # Without parameters: else the driver leaves an open portal whose snapshot stops CREATE INDEX CONCURRENTLY.
        if owner.execute(f"SELECT pg_try_advisory_xact_lock({_LOCK})".encode()).fetchone() != (True,):
            self._transaction.__exit__(None, None, None)
            raise AlreadyRunning
        owner.execute(b"SET LOCAL idle_in_transaction_session_timeout = 0")

    def __exit__(self, *told: Any) -> None:
        try:
            self._transaction.__exit__(*told)
        except psycopg.OperationalError:
            log.warning("fleet: the connection that held the lock was lost meanwhile")


def _canaries(slugs: Sequence[str]) -> list[str]:
    with public_context():
        known = dict(Tenant.objects.filter(slug__in=slugs).values_list("slug", "schema_name"))
    for slug in slugs:
        if slug not in known:
            raise UnknownCanary(slug)
    return [known[slug] for slug in slugs]


def _migrate_public() -> list[str]:
    due = applied.unrecorded(applied.read(PUBLIC_SCHEMA))
    if due:
        with public_context():
            call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    return applied.names_of(due)


def _told(group: Alike, plan: Plan) -> dict[str, Any]:
    return {"schemas": len(group.members), "migrations": plan.names}


class _Lead:
    """`changed`: schemas whose migrations somebody else has changed since the survey, to be looked at once more."""

    def __init__(self, report: Report, jobs: int, progress: Progress | None, found: survey.Survey) -> None:
        self.report, self.jobs, self.progress = report, max(1, jobs), progress
        self.lock = threading.Lock()
        self.all = found.behind
        self.changed, self.seen_twice = set[str](), False
        report.schemas = len(found.schemas)
        report.missing = [member.schema_name for member in found.missing]
        for name in found.mistold:
            applied.set_right(name)

    def groups(self, found: survey.Survey) -> None:
        plans: dict[frozenset[applied.Key], Plan] = {}
        for group in found.alike:
            plan = plans.get(group.applied) or self.plan(group)
            if plan:
                plans[group.applied] = plan
                self.group(group, plan)

    def plan(self, group: Alike) -> Plan | None:
        """That of the group's migrations; None where they contradict the code's, which is each schema's failure."""
        for member in group.members:
            try:
                with schema_context(member.schema_name):
                    plan = Plan()
            except Exception as error:
                connection.close()
                for each in group.members:
                    self.failed(each, "", error)
                return None
            # One that was deleted or migrated meanwhile gives another.
            if plan.applied == group.applied:
                return plan
        self.changed.update(member.schema_name for member in group.members)
        return None

    def group(self, group: Alike, plan: Plan) -> None:
        self.report.groups.append(_told(group, plan))
        _remember_sets(plan)
        queue = _Queue(group.members)
        try:
            recipe = self.first(queue, plan)
            if recipe is None:
                self.report.not_tried += len(queue)
            else:
                self.others(queue, plan, recipe)
        finally:
            selectors.forget_all_hosts()

    def first(self, queue: "_Queue", plan: Plan) -> Recipe | None:
        """The recipe, from the first schema that takes the migration. One in use lets others go before it."""
        begun: dict[Member, replay.First] = {}
        faults = 0
        while faults < FIRSTS and (taken := queue.take()):
            member, tries = taken
            first = begun.setdefault(member, replay.First(member.schema_name, plan))
            try:
                recipe = first.run()
            except (Exception, SystemExit) as error:
                self.put_off(queue, member, tries, plan, error)
                faults += not _is_passing(error)
            else:
                self.done()
                return recipe
        return None

    def others(self, queue: "_Queue", plan: Plan, recipe: Recipe) -> None:
        # A second Ctrl-C waits for nobody.
        threads = [
            threading.Thread(target=self.work, args=(queue, plan, recipe), daemon=True) for _ in range(self.jobs)
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            queue.close()
            for thread in threads:
                thread.join()
            raise
        finally:
            # Idle meanwhile, perhaps for hours: somebody may have ended it.
            connection.close()

    def work(self, queue: "_Queue", plan: Plan, recipe: Recipe) -> None:
        """A thread: schema after schema, until none is left."""
        served = 0
        try:
            while taken := queue.take():
                member, tries = taken
                try:
                    replay.again(member.schema_name, plan, recipe)
                except BaseException as error:
                    self.put_off(queue, member, tries, plan, error)
                else:
                    self.done()
                served += 1
                if served % SCHEMAS_A_CONNECTION == 0:
                    connection.close()
        finally:
            connections.close_all()

    def put_off(self, queue: "_Queue", member: Member, tries: int, plan: Plan, error: BaseException) -> None:
        """Back into the queue, to be looked at once more, or failed."""
        # It may be lost, and the next schema must not suffer from what this one has left in it.
        connection.close()
        if _is_passing(error) and tries < TRIES:
            self.again(tries)
            queue.back(member, tries + 1)
        elif isinstance(error, Changed) and not self.seen_twice:
            self.changed.add(member.schema_name)
        elif survey.is_named(member.schema_name):
            self.failed(member, ", ".join(plan.names)[:255], error)
        else:
            log.info("fleet: schema=%s slug=%s was deleted meanwhile", member.schema_name, member.slug)

    def again(self, tries: int) -> None:
        with self.lock:
            self.report.retries += 1
        time.sleep(min(2.0, 0.1 * 2**tries) * random.uniform(0.5, 1.0))  # noqa: S311

    def done(self) -> None:
        with self.lock:
            self.report.migrated += 1
            self.tell()

    def failed(self, member: Member, migration: str, error: BaseException) -> None:
        failure = Failure(member, migration, _in_words(error))
        log.error("fleet: schema=%s slug=%s not migrated: %s", member.schema_name, member.slug, failure.error)
        with self.lock:
            self.report.failed.append(failure)
            self.tell()
        try:
            _write_down(failure)
        except (DatabaseError, psycopg.Error):
            log.exception("fleet: the failure of schema=%s could not be written down", member.schema_name)
            connection.close()

    def tell(self) -> None:
        if self.progress:
            self.progress(self.report.migrated + len(self.report.failed), self.all, len(self.report.failed))


class _Queue:
    """Schemas to migrate, with the number of the try. Safe between threads; once closed it gives none."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._waiting = deque((member, 1) for member in members)
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self) -> None:
        self._closed = True

    def take(self) -> tuple[Member, int] | None:
        try:
            return None if self._closed else self._waiting.popleft()
        except IndexError:
            return None

    def back(self, member: Member, tries: int) -> None:
        self._waiting.append((member, tries))


def _is_passing(error: BaseException) -> bool:
    """Whether it is nobody's fault: a lock that is taken, or a connection that was lost or refused (no code)."""
    # The driver's own where the connection was found dead as the path was set.
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    return isinstance(cause, psycopg.OperationalError) and (isinstance(cause, _RETRYABLE) or cause.sqlstate is None)


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


def _public(error: Exception) -> Failure:
    return Failure(Member(PUBLIC_SCHEMA), "", _in_words(error))


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
