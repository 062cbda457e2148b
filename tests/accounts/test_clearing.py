"""Nightly deletion of expired sessions and e-mail confirmations."""

from datetime import timedelta

import django_rq
from allauth.account.models import EmailAddress, EmailConfirmation
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import jobs
from config import cron  # noqa: F401 - it registers what runs by the clock
from tenants.context import public_context, tenant_context
from tenants.models import Tenant


def session(key: str, days: int) -> None:
    Session.objects.create(pk=key, session_data="", expire_date=timezone.now() + timedelta(days=days))


def keys() -> set[str]:
    return set(Session.objects.values_list("pk", flat=True))


def test_only_expired_rows_are_deleted(people, client_for, monkeypatch):
    client = client_for(people.member)
    mine = client.cookies["session"].value
    for n in range(5):
        session(f"ended-{n}", days=-1)
    session("to come", days=1)
    address = EmailAddress.objects.get_primary(people.member)
    for key, days in (("old", 30), ("new", 0)):
        EmailConfirmation.objects.create(email_address=address, key=key, sent=timezone.now() - timedelta(days=days))
    with tenant_context(people.away):
        session("ended-next-door", days=-1)
    monkeypatch.setattr(jobs, "BATCH", 2)
    assert jobs.clear_here() == 6
    assert keys() == {mine, "to come"}
    assert list(EmailConfirmation.objects.values_list("key", flat=True)) == ["new"]
    assert client.get("/").status_code == 200
    with tenant_context(people.away):
        assert "ended-next-door" in keys()
    assert jobs.clear_here() == 0


def test_one_job_is_enqueued_for_public_and_for_each_workspace(people, on_commit):
    queue = django_rq.get_queue("default")
    queue.empty()
    with public_context(), on_commit(execute=True):
        enqueued = jobs.clear_everywhere()
        workspaces = {str(key) for key in Tenant.objects.values_list("pk", flat=True)}
    with public_context():
        session("ended-in-public", days=-1)
    places = {job.kwargs["tenant_id"] for job in queue.jobs if job.kwargs["name"] == "accounts.jobs.clear_here"}
    assert places == workspaces | {None}
    assert enqueued == len(workspaces) + 1
    for job in queue.jobs:
        job.func(**job.kwargs)
    with public_context():
        assert "ended-in-public" not in keys()
    queue.empty()


def test_clearing_is_scheduled():
    from rq.cron import _job_data_registry

    nightly = [job for job in _job_data_registry if job["name"] == "accounts.jobs.clear_everywhere"]
    assert [job["cron"] for job in nightly] == ["41 3 * * *"]
