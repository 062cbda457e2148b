"""People are told at 80 and 100 %: once a month and meter, by a job, whoever runs beside it."""

import threading
from decimal import Decimal

import pytest
from django.db import connections

from accounts.models import User
from events.models import StoredFact
from mailing.models import OutboxMessage
from plans.types import AI_EUROS, TOKENS
from tenants.context import public_context, tenant_context
from tenants.ids import new_id
from tenants.services import tenant_close
from tests.live.workspaces import make, remove
from usage import jobs, notices, services
from usage.models import QuotaCounter, QuotaNotice
from usage.types import Act, QuotaExceeded


def use(tokens, meter=TOKENS):
    held = services.reserve(Act("test", new_id()), {meter: Decimal(tokens)})
    services.settle(held.id, {meter: Decimal(tokens)})


def waiting():
    with public_context():
        return [(meter, refused) for _tenant, meter, refused in notices.pop_pending()]


def letters():
    """All but those that opened the workspaces of the run."""
    return OutboxMessage.objects.exclude(subject__startswith="Votre espace").order_by("id")


def mails():
    return list(letters().values_list("to", "subject"))


@pytest.fixture
def thousand(grant):
    grant(TOKENS, Decimal(1000))


def test_what_crosses_a_threshold_is_noted_and_nothing_else(people, thousand, on_commit):
    with on_commit(execute=True):
        use(799)
    assert waiting() == []
    with on_commit(execute=True):
        use(1)
    assert waiting() == [(TOKENS, False)]
    with on_commit(execute=True):
        use(100)
    assert waiting() == []
    with on_commit(execute=True):
        use(100)
    assert waiting() == [(TOKENS, False)]
    assert waiting() == []


def test_what_is_rolled_back_is_not_noted(people, thousand):
    use(900)
    assert waiting() == []


def test_a_refusal_near_the_limit_is_noted_although_it_leaves_no_row(people, thousand):
    use(500)
    with pytest.raises(QuotaExceeded):
        use(600)
    assert waiting() == []
    use(450)
    with pytest.raises(QuotaExceeded):
        use(600)
    assert waiting() == [(TOKENS, True)]


def test_growth_is_noted_too(people, grant, on_commit):
    grant("own_assistants", Decimal(5))
    with on_commit(execute=True):
        services.grow("own_assistants", 4)
    assert waiting() == [("own_assistants", False)]
    with pytest.raises(QuotaExceeded):
        services.grow("own_assistants", 2)
    assert waiting() == [("own_assistants", True)]


def test_owner_and_admins_are_told_once_at_each_threshold(people, thousand):
    use(850)
    assert jobs.notify(TOKENS, False) is True
    assert jobs.notify(TOKENS, False) is False
    told = mails()
    assert [to for to, _subject in told] == [["owner@atelier.test"], ["admin@atelier.test"]]
    assert told[0][1] == "Atelier : 85 % utilisés, Jetons d’IA par mois"
    use(150)
    assert jobs.notify(TOKENS, False) is True
    assert jobs.notify(TOKENS, True) is False
    assert mails()[2][1] == "Atelier : limite atteinte, Jetons d’IA par mois"
    assert len(mails()) == 4
    facts = StoredFact.objects.filter(name="quota.reached", tenant_id=people.home.id).order_by("id")
    assert [row.data for row in facts] == [{"meter": TOKENS, "percent": 80}, {"meter": TOKENS, "percent": 100}]


def test_whoever_hears_that_it_is_reached_does_not_hear_that_it_was_near(people, thousand):
    use(1000)
    assert jobs.notify(TOKENS, False) is True
    QuotaCounter.objects.filter(meter=TOKENS).update(used=900)
    assert jobs.notify(TOKENS, False) is False
    assert len(mails()) == 2


def test_a_refusal_counts_as_reached(people, thousand):
    use(990)
    assert jobs.notify(TOKENS, True) is True
    assert "limite atteinte" in mails()[0][1]


def test_nobody_is_told_of_what_is_not_so(people, thousand):
    use(500)
    assert not jobs.notify(TOKENS, False) and not jobs.notify(TOKENS, True)
    assert not jobs.notify("unknown", True)
    assert mails() == [] and not QuotaNotice.objects.exists()


def test_another_meter_and_another_month_are_told_again(people, thousand, grant):
    grant(AI_EUROS, Decimal(10))
    use(900)
    use(9, AI_EUROS)
    assert jobs.notify(TOKENS, False) and jobs.notify(AI_EUROS, False)
    QuotaNotice.objects.update(period="2020-01-01")
    assert jobs.notify(TOKENS, False)
    assert len(mails()) == 6


def test_each_in_their_own_language(people, thousand):
    User.objects.filter(pk=people.admin.pk).update(language="en")
    use(850)
    jobs.notify(TOKENS, False)
    first, second = letters()
    assert "Bonjour" in first.text and "http" in first.text and "/settings/usage/" in first.html
    assert "Hello" in second.text and "85%" in second.subject.replace("\u00a0", "").replace(" %", "%")


def test_a_closed_workspace_is_told_nothing(people, thousand):
    use(900)
    with public_context():
        closed = tenant_close(tenant_id=people.home.id, reason="test", actor="test")
    with tenant_context(closed):
        assert jobs.notify(TOKENS, False) is False
    assert not any("%" in subject for _to, subject in mails())


def test_the_minute_asks_for_jobs(people, thousand, on_commit, monkeypatch):
    asked = []
    monkeypatch.setattr(jobs, "enqueue", lambda name, **kwargs: asked.append((name, kwargs)))
    with on_commit(execute=True):
        use(900)
    with public_context():
        assert jobs.enqueue_notices() == 1
        assert jobs.enqueue_notices() == 0
    assert asked == [(jobs.notify, {"meter": TOKENS, "refused": False})]


def test_the_hour_finds_what_was_lost(people, thousand, monkeypatch):
    asked = []
    monkeypatch.setattr(jobs, "enqueue", lambda name, **kwargs: asked.append(kwargs["meter"]))
    use(900)
    with public_context():
        assert jobs.enqueue_missed_notices() == 1
    jobs.notify(TOKENS, False)
    with public_context():
        assert jobs.enqueue_missed_notices() == 0
    assert asked == [TOKENS]


@pytest.mark.committed
def test_eight_jobs_at_once_mail_once(people):
    made = make("avis", plan="starter")
    tenant, told = made.tenant, []
    try:
        with tenant_context(tenant):
            use(900_000)
        ready = threading.Barrier(8)

        def one():
            with tenant_context(tenant):
                ready.wait()
                told.append(jobs.notify(TOKENS, False))
            connections.close_all()

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == [False] * 7 + [True]
        assert OutboxMessage.objects.filter(tenant_id=tenant.id, subject__contains="90").count() == 1
    finally:
        with public_context():
            QuotaNotice.objects.filter(tenant_id=tenant.id).delete()
            OutboxMessage.objects.filter(tenant_id=tenant.id).delete()
            notices.pop_pending()
        remove(made)


# the banner


def page_of(client_for, person, path="/"):
    return client_for(person).get(path).content.decode()


def test_owners_and_admins_see_a_banner_while_it_is_so(people, client_for, thousand, grant):
    assert "Limite bientôt atteinte" not in page_of(client_for, people.owner)
    use(850)
    jobs.notify(TOKENS, False)
    for person in (people.owner, people.admin):
        assert "Limite bientôt atteinte : Jetons d’IA par mois, 85 %." in page_of(client_for, person)
    for person in (people.member, people.instructor, people.learner):
        assert "Limite bientôt" not in page_of(client_for, person)
    use(150)
    jobs.notify(TOKENS, False)
    assert "Limite atteinte : Jetons d’IA par mois." in page_of(client_for, people.owner)
    grant(TOKENS, Decimal(10_000))
    assert "Limite" not in page_of(client_for, people.owner)
