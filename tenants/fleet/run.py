"""`fleet_migrate`: public, then the canaries, then everybody, a group of like schemas at a time, several at once.

A schema that fails is rolled back, reported and left behind; it stops nothing else, unless it is a canary. A schema
whose locks are taken goes back into the queue.
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
from tenants.fleet.report import Failure, Report, in_words, of_public, told_of
from tenants.models import SchemaFailure, Tenant
from tenants.sql import owner_transaction

log = logging.getLogger(__name__)

_LOCK = 7_226_001


class AlreadyRunning(RuntimeError):
    """Raised where another fleet_migrate is at work on this database."""


class UnknownCanary(ValueError):
    """Raised with the slug that no workspace has."""


def plan() -> Report:
    """What a run would do; nothing is changed. `failed`: those that could not even be planned."""
    report = Report(public=applied.names_of(applied.unrecorded(applied.read(PUBLIC_SCHEMA))))
    try:
        _one_end_to_each_app()
    except CommandError as error:
        report.failed.append(of_public(error))
    found = survey.look()
    report.schemas, report.missing = len(found.schemas), [member.schema_name for member in found.missing]
    for group in found.alike:
        try:
            with schema_context(group.members[0].schema_name):
                report.groups.append(told_of(group, Plan()))
        except Exception as error:
            report.failed += [Failure(member, "", in_words(error)) for member in group.members]
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
            report.public = _migrateof_public()
    except Exception as error:
        log.error("fleet: public not migrated", exc_info=not isinstance(error, CommandError))
        connection.close()
        report.failed.append(of_public(error))
    found = survey.look()
    lead = Leader(report, jobs, progress, found)
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


def _migrateof_public() -> list[str]:
    due = applied.unrecorded(applied.read(PUBLIC_SCHEMA))
    if due:
        with public_context():
            call_command("migrate_schemas", shared=True, interactive=False, verbosity=0)
    return applied.names_of(due)


def _forget_mended() -> None:
    """Failures of schemas that are up to date now, or gone."""
    with public_context():
        if SchemaFailure.objects.exists():
            SchemaFailure.objects.exclude(schema_name__in=survey.look().names).delete()
