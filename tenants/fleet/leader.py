"""Migrates the groups of a survey: a recipe from the first schema of each, replayed in the others by threads."""

import logging
import random
import threading
import time
from collections.abc import Callable

import psycopg
from django.db import DatabaseError, connection, connections, transaction
from psycopg import errors

from tenants import selectors
from tenants.context import public_context, schema_context
from tenants.fleet import applied, replay, survey
from tenants.fleet.plan import Changed, Plan
from tenants.fleet.recipe import Recipe
from tenants.fleet.report import Failure, Report, in_words, told_of, write_down
from tenants.fleet.survey import Alike, Member
from tenants.fleet.work_queue import Queue

log = logging.getLogger(__name__)

TRIES = 6
# After so many first schemas of a group have failed in a row, the migration is at fault, not the schema.
FIRSTS = 3
# Backends grow with every schema whose tables they touch: a thread takes a new one after so many.
SCHEMAS_A_CONNECTION = 200
_RETRYABLE = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.TooManyConnections,
)

Progress = Callable[[int, int, int], None]  # done, all, failed


class Leader:
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
        self.report.groups.append(told_of(group, plan))
        remember_sets(plan)
        queue = Queue(group.members)
        try:
            recipe = self.first(queue, plan)
            if recipe is None:
                self.report.not_tried += len(queue)
            else:
                self.others(queue, plan, recipe)
        finally:
            selectors.forget_all_hosts()

    def first(self, queue: Queue, plan: Plan) -> Recipe | None:
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
                faults += not is_passing(error)
            else:
                self.done()
                return recipe
        return None

    def others(self, queue: Queue, plan: Plan, recipe: Recipe) -> None:
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

    def work(self, queue: Queue, plan: Plan, recipe: Recipe) -> None:
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

    def put_off(self, queue: Queue, member: Member, tries: int, plan: Plan, error: BaseException) -> None:
        """Back into the queue, to be looked at once more, or failed."""
        # It may be lost, and the next schema must not suffer from what this one has left in it.
        connection.close()
        if is_passing(error) and tries < TRIES:
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
        failure = Failure(member, migration, in_words(error))
        log.error("fleet: schema=%s slug=%s not migrated: %s", member.schema_name, member.slug, failure.error)
        with self.lock:
            self.report.failed.append(failure)
            self.tell()
        try:
            write_down(failure)
        except (DatabaseError, psycopg.Error):
            log.exception("fleet: the failure of schema=%s could not be written down", member.schema_name)
            connection.close()

    def tell(self) -> None:
        if self.progress:
            self.progress(self.report.migrated + len(self.report.failed), self.all, len(self.report.failed))


def is_passing(error: BaseException) -> bool:
    """Whether it is nobody's fault: a lock that is taken, or a connection that was lost or refused (no code)."""
    # The driver's own where the connection was found dead as the path was set.
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    return isinstance(cause, psycopg.OperationalError) and (isinstance(cause, _RETRYABLE) or cause.sqlstate is None)


def remember_sets(plan: Plan) -> None:
    """The sets that schemas of this plan will have, after each part: a request may meet any of them."""
    has = plan.applied
    with public_context(), transaction.atomic(), connection.cursor() as cursor:
        applied.remember_set(cursor, has)
        for _atomic, part in plan.parts():
            has |= set(plan.recorded_by(part, has))
            applied.remember_set(cursor, has)
