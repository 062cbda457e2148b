"""Status page: real checks, added up by day; what fails is shown, and what was not checked is never shown as good."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from analytics.models import DailyFigures
from mailing.models import OutboxMessage
from tenants.context import public_context
from tenants.ids import new_id
from ui.days import platform_today
from website import status
from website.models import StatusDay

ALWAYS = set(status.LABELS) - status.IDLE


@pytest.fixture(autouse=True)
def without_mails():
    with public_context():
        OutboxMessage.objects.all().delete()


def page(client_for):
    return client_for(None, host="localhost").get("/etat/").content.decode()


def states():
    return {str(part.label): part.is_ok for part in status.status().components}


def mail(**fields):
    row = OutboxMessage.objects.create(sender="a@b.test", to=["c@d.test"], subject="x", carries_secret=False)
    OutboxMessage.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(hours=1), **fields)


def test_before_the_first_round_nothing_is_claimed(client_for):
    html = page(client_for)
    assert "Aucun contrôle n’a" in html and "Tout fonctionne" not in html and "En marche" not in html


def test_a_round_checks_every_component_and_is_shown(client_for, django_assert_num_queries):
    for _twice in range(2):
        assert status.check() == dict.fromkeys(ALWAYS, True) | {"provider": None}
    with public_context():
        totals = set(StatusDay.objects.values_list("component", "rounds", "failures"))
        with django_assert_num_queries(1):
            status.status()
    assert totals == {(name, 2, 0) for name in ALWAYS}
    html = page(client_for)
    assert "Tout fonctionne" in html and "Non sollicité" in html
    english = client_for(None, host="localhost").get("/etat/?lang=en").content.decode()
    assert "Everything works" in english


def test_what_fails_is_shown_and_stops_no_other_check(client_for, monkeypatch):
    def broken():
        raise OSError("bucket")

    monkeypatch.setitem(status.CHECKS, "bucket", broken)
    results = status.check()
    assert [name for name, is_ok in results.items() if is_ok is False] == ["bucket"]
    assert "perturbée" in page(client_for)
    with public_context():
        assert StatusDay.objects.get(component="bucket").failures == 1


def test_mail_is_late_if_untried_or_if_several_wait_and_none_left():
    with public_context():
        mail(tries=1)
        assert status._mail() is True
        mail(tries=2)
        mail(tries=2)
        assert status._mail() is False
        mail(status="sent", sent_at=timezone.now())
        assert status._mail() is True
        mail(tries=0)
        assert status._mail() is False


def test_answers_are_judged_over_the_last_minutes():
    with public_context():
        day = DailyFigures.objects.create(tenant_id=new_id(), day=platform_today(), answers=10, failures=50)
        assert status._provider() is None, "what came before the first reading says nothing"
        for answers, failures, expected in ((0, 0, None), (1, 2, True), (0, 3, False), (9, 0, True)):
            day.answers, day.failures = day.answers + answers, day.failures + failures
            day.save()
            assert status._provider() is expected
        key = f"status:answers:{platform_today()}"
        cache.set(key, [(at - 3600, *counts) for at, *counts in cache.get(key)])
        assert status._provider() is None


def test_without_rounds_the_queue_stands_still_and_nothing_is_known_of_the_rest(client_for):
    status.check()
    with public_context():
        StatusDay.objects.update(last_at=timezone.now() - timedelta(minutes=6))
    now = states()
    assert now.pop("Tâches de fond") is False and set(now.values()) == {None}
    html = page(client_for)
    assert "perturbée" in html and "En marche" not in html


def test_rounds_that_were_not_made_count_as_failures_of_the_queue_on_their_days():
    status.check()
    with public_context():
        StatusDay.objects.update(day=platform_today() - timedelta(days=2), last_at=timezone.now() - timedelta(days=2))
        status.check()
        rows = {row.day: row for row in StatusDay.objects.filter(component="queue")}
        today, others = platform_today(), StatusDay.objects.exclude(component="queue")
        assert rows[today - timedelta(days=1)].failures == rows[today - timedelta(days=1)].rounds in (1380, 1440, 1500)
        missed = sum(row.failures for row in rows.values())
        assert 2 * 1440 - 5 <= missed <= 2 * 1440 and not others.filter(failures__gt=0).exists()
        assert rows[today].rounds == rows[today].failures + 1


def test_one_failure_is_never_shown_as_a_hundred_percent():
    assert status._percent(1_000_000, 1) == 99.99
    assert status._percent(0, 0) is None


def test_old_totals_are_deleted():
    with public_context():
        for days in (401, 3):
            day = platform_today() - timedelta(days=days)
            StatusDay.objects.create(day=day, component="redis", last_at=timezone.now())
    assert status.sweep() == 1
