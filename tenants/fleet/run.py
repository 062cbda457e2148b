"""`fleet_migrate`: migrates public, then the canaries, then all other schemas, by groups of alike schemas.

A failed schema is rolled back and reported; it does not stop the others, unless it is a canary. A schema whose locks
are taken goes back into the queue.
"""

import logging
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tenants.context import PUBLIC_SCHEMA, public_context, schema_context
from tenants.fleet import applied, survey
from tenants.fleet.leader import Leader, Progress
from tenants.fleet.plan import Plan
from tenants.fleet.report import Failure, Report, error_text, group_summary, public_failure
from tenants.models import SchemaFailure, Tenant
from tenants.sql import owner_transaction

log = logging.getLogger(__name__)

_LOCK = 7_226_001


class AlreadyRunning(RuntimeError):
    """Raised when another fleet_migrate runs on this database."""


class UnknownCanary(ValueError):
    """Raised with a canary's slug that no workspace has."""


def plan() -> Report:
    """What a run would do, without changing anything. `failed`: schemas that cannot be planned."""
    report = Report(public=applied.names_of(applied.unrecorded(applied.read(PUBLIC_SCHEMA))))
    try:
        _refuse_branches()
    except CommandError as error:
        report.failed.append(public_failure(error))
    fleet = survey.take()
    report.schemas, report.missing = len(fleet.schemas), [member.schema_name for member in fleet.missing]
    for group in fleet.groups:
        try:
            with schema_context(group.members[0].schema_name):
                report.groups.append(group_summary(group, Plan()))
        except Exception as error:
            report.failed += [Failure(member, "", error_text(error)) for member in group.members]
    report.not_tried = fleet.without(report.failed_names).behind
    return report


def run(
    *, canaries: Sequence[str] = (), jobs: int = 2, resume: bool = False, progress: Progress | None = None
) -> Report:
    """Migrate public and every schema to this code. `canaries`: slugs; `jobs`: threads.

    `resume` continues an earlier run without public. After Ctrl-C the running schemas finish, and the report counts
    the others as not tried. Raises `AlreadyRunning`, `UnknownCanary`.
    """
    begun = time.monotonic()
    report = Report()
    with _FleetLock():
        try:
            _run(report, _canaries(canaries), jobs, resume, progress)
        except KeyboardInterrupt:
            log.warning("fleet: interrupted")
            connection.close()
            report.not_tried = survey.take().without(report.failed_names).behind
        _delete_resolved_failures()
    report.seconds = time.monotonic() - begun
    return report


def _run(report: Report, first: list[str], jobs: int, resume: bool, progress: Progress | None) -> None:
    try:
        _refuse_branches()
        if not resume:
            report.public = _migrate_public()
    except Exception as error:
        log.error("fleet: public not migrated", exc_info=not isinstance(error, CommandError))
        connection.close()
        report.failed.append(public_failure(error))
    fleet = survey.take()
    leader = Leader(report, jobs, progress, fleet)
    if not report.failed:
        leader.migrate_groups(fleet.only(first))
    if report.failed or not {member.schema_name for member in fleet.missing}.isdisjoint(first):
        report.not_tried = fleet.without(report.failed_names).behind - report.migrated
        return
    leader.migrate_groups(fleet.without(first))
    # Second pass: workspaces created meanwhile by the previous release, and schemas changed by another process.
    remaining = survey.take(fleet.schemas - leader.changed)
    leader.is_second_pass = True
    leader.migrate_groups(remaining)


def _refuse_branches() -> None:
    """Raise `CommandError` if an app has several leaf migrations, as Django's migrate does."""
    branched = MigrationLoader(None, ignore_no_migrations=True).detect_conflicts()
    if branched:
        details = "; ".join(f"{app}: {', '.join(sorted(names))}" for app, names in sorted(branched.items()))
        raise CommandError(f"Conflicting migrations ({details}): makemigrations --merge.")


class _FleetLock:
    """Advisory lock of a run, held by a transaction on a connection of its own. Raises `AlreadyRunning`."""

    def __enter__(self) -> None:
        self._transaction = owner_transaction()
        owner = self._transaction.__enter__()
        # Without parameters: else the driver leaves a portal open, whose snapshot blocks CREATE INDEX CONCURRENTLY.
        if owner.execute(f"SELECT pg_try_advisory_xact_lock({_LOCK})".encode()).fetchone() != (True,):
            self._transaction.__exit__(None, None, None)
            raise AlreadyRunning
        owner.execute(b"SET LOCAL idle_in_transaction_session_timeout = 0")

    def __exit__(self, *exception_info: Any) -> None:
        try:
            self._transaction.__exit__(*exception_info)
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


def _delete_resolved_failures() -> None:
    """Delete the failures of schemas that are up to date or deleted."""
    with public_context():
        if SchemaFailure.objects.exists():
            SchemaFailure.objects.exclude(schema_name__in=survey.take().names).delete()
