"""Migrates the groups of a survey: records a recipe in the first schema, replays it in the others with threads."""

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
from tenants.fleet.report import Failure, Report, error_text, group_summary, save_failure
from tenants.fleet.survey import Group, Member
from tenants.fleet.work_queue import Queue

log = logging.getLogger(__name__)

MAX_TRIES = 6
# After this many failures in different schemas, the migration is at fault, not the schema.
MAX_FAILED_FIRSTS = 3
# A PostgreSQL backend caches every table it touches: a thread reconnects after this many schemas.
SCHEMAS_PER_CONNECTION = 200
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
    """`changed`: schemas migrated by another process since the survey; a second pass surveys them again."""

    def __init__(self, report: Report, jobs: int, progress: Progress | None, fleet: survey.Survey) -> None:
        self.report, self.jobs, self.progress = report, max(1, jobs), progress
        self.lock = threading.Lock()
        self.total = fleet.behind
        self.changed, self.is_second_pass = set[str](), False
        report.schemas = len(fleet.schemas)
        report.missing = [member.schema_name for member in fleet.missing]
        for name in fleet.outdated:
            applied.refresh_digest(name)

    def migrate_groups(self, fleet: survey.Survey) -> None:
        plans: dict[frozenset[applied.Key], Plan] = {}
        for group in fleet.groups:
            plan = plans.get(group.applied) or self.plan_for(group)
            if plan:
                plans[group.applied] = plan
                self.migrate_group(group, plan)

    def plan_for(self, group: Group) -> Plan | None:
        """The plan of the group's migrations; None if their history contradicts the code, a failure of each schema."""
        for member in group.members:
            try:
                with schema_context(member.schema_name):
                    plan = Plan()
            except Exception as error:
                connection.close()
                for other in group.members:
                    self.add_failure(other, "", error)
                return None
            # A schema deleted or migrated in the meantime gives a different plan.
            if plan.applied == group.applied:
                return plan
        self.changed.update(member.schema_name for member in group.members)
        return None

    def migrate_group(self, group: Group, plan: Plan) -> None:
        self.report.groups.append(group_summary(group, plan))
        remember_sets(plan)
        queue = Queue(group.members)
        try:
            recipe = self.record_first(queue, plan)
            if recipe is None:
                self.report.not_tried += len(queue)
            else:
                self.replay_others(queue, plan, recipe)
        finally:
            selectors.forget_all_hosts()

    def record_first(self, queue: Queue, plan: Plan) -> Recipe | None:
        """Record the recipe in the first schema that can be migrated; a locked one is retried after others."""
        begun: dict[Member, replay.FirstSchema] = {}
        faults = 0
        while faults < MAX_FAILED_FIRSTS and (taken := queue.take()):
            member, tries = taken
            first = begun.setdefault(member, replay.FirstSchema(member.schema_name, plan))
            try:
                recipe = first.run()
            except (Exception, SystemExit) as error:
                self.handle_error(queue, member, tries, plan, error)
                faults += not is_transient(error)
            else:
                self.count_migrated()
                return recipe
        return None

    def replay_others(self, queue: Queue, plan: Plan, recipe: Recipe) -> None:
        # Daemon threads: a second Ctrl-C ends the process at once.
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
            # Idle until here, perhaps for hours: the server may have closed it.
            connection.close()

    def work(self, queue: Queue, plan: Plan, recipe: Recipe) -> None:
        """Body of a thread: migrate schemas until the queue is empty."""
        served = 0
        try:
            while taken := queue.take():
                member, tries = taken
                try:
                    replay.replay_schema(member.schema_name, plan, recipe)
                except BaseException as error:
                    self.handle_error(queue, member, tries, plan, error)
                else:
                    self.count_migrated()
                served += 1
                if served % SCHEMAS_PER_CONNECTION == 0:
                    connection.close()
        finally:
            connections.close_all()

    def handle_error(self, queue: Queue, member: Member, tries: int, plan: Plan, error: BaseException) -> None:
        """Requeue a schema after a transient error, leave it for the second pass, or record its failure."""
        # The connection may be broken or hold state of this schema.
        connection.close()
        if is_transient(error) and tries < MAX_TRIES:
            self.back_off(tries)
            queue.put_back(member, tries + 1)
        elif isinstance(error, Changed) and not self.is_second_pass:
            self.changed.add(member.schema_name)
        elif survey.is_named(member.schema_name):
            self.add_failure(member, ", ".join(plan.names)[:255], error)
        else:
            log.info("fleet: schema=%s slug=%s was deleted meanwhile", member.schema_name, member.slug)

    def back_off(self, tries: int) -> None:
        with self.lock:
            self.report.retries += 1
        time.sleep(min(2.0, 0.1 * 2**tries) * random.uniform(0.5, 1.0))  # noqa: S311

    def count_migrated(self) -> None:
        with self.lock:
            self.report.migrated += 1
            self.report_progress()

    def add_failure(self, member: Member, migration: str, error: BaseException) -> None:
        failure = Failure(member, migration, error_text(error))
        log.error("fleet: schema=%s slug=%s not migrated: %s", member.schema_name, member.slug, failure.error)
        with self.lock:
            self.report.failed.append(failure)
            self.report_progress()
        try:
            save_failure(failure)
        except (DatabaseError, psycopg.Error):
            log.exception("fleet: the failure of schema=%s could not be written down", member.schema_name)
            connection.close()

    def report_progress(self) -> None:
        if self.progress:
            self.progress(self.report.migrated + len(self.report.failed), self.total, len(self.report.failed))


def is_transient(error: BaseException) -> bool:
    """Whether a retry may help: a lock timeout, or a lost or refused connection (an error without SQLSTATE)."""
    # Setting the path on a dead connection raises the driver's error itself.
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    return isinstance(cause, psycopg.OperationalError) and (isinstance(cause, _RETRYABLE) or cause.sqlstate is None)


def remember_sets(plan: Plan) -> None:
    """Store the set of migrations after each part of the plan: a request may see a schema with any of them."""
    applied_keys = plan.applied
    with public_context(), transaction.atomic(), connection.cursor() as cursor:
        applied.remember_set(cursor, applied_keys)
        for _atomic, part in plan.parts():
            applied_keys |= set(plan.recorded_by(part, applied_keys))
            applied.remember_set(cursor, applied_keys)
