"""Audience of the public site: counted without a cookie or a person, stored by a job, shown in the console."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from events.catalogue import SignupCompleted, SignupRequested, SubscriptionChanged
from events.facts import Code
from events.types import Event
from tenants.breaker import quick_client
from tenants.context import public_context
from tenants.ids import new_id
from ui.days import platform_today
from website import audience, measure
from website.models import SiteCount

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def visit(client_for):
    # Redis was emptied, as it is not within a day.
    measure._salt.cache_clear()

    def open_page(path="/", ip="203.0.113.7", **headers):
        visitor = client_for(None, host="localhost")
        visitor.defaults["REMOTE_ADDR"] = ip
        answer = visitor.get(path, headers={"user-agent": FIREFOX} | headers)
        assert answer.status_code == 200
        return answer

    return open_page


def counts():
    measure.store()
    with public_context():
        return {(row.name, row.page, row.source, row.campaign): row.count for row in SiteCount.objects.all()}


def test_views_sources_clicks_and_visitors_are_counted(visit):
    visit("/?utm_source=lettre&utm_medium=email&utm_campaign=mai")
    visit("/tarifs/", referer="https://www.moteur.test/recherche?q=x")
    answer = visit("/inscription/", referer="http://localhost/tarifs/")
    visit("/", ip="198.51.100.4")
    expected = {
        ("view", "home", "lettre", "mai"): 1,
        ("view", "pricing", "moteur.test", ""): 1,
        ("view", "signup", "", ""): 1,
        ("click", "signup", "", ""): 1,
        ("view", "home", "", ""): 1,
        ("visitor", "", "", ""): 2,
    }
    assert counts() == expected
    assert counts() == expected, "storing again changes nothing"
    assert "sessionid" not in answer.cookies


def test_no_address_and_no_digest_of_one_is_stored(visit):
    visit()
    client = quick_client()
    kinds = {key: client.type(key) for key in client.scan_iter("site:*")}
    assert sorted(kinds.values()) == ["hash", "string", "string"]
    assert all(0 < client.ttl(key) <= measure.REDIS_SECONDS for key in kinds)
    (counters,) = (key for key, kind in kinds.items() if kind == "hash")
    assert list(client.hgetall(counters)) == ["view\x1fhome\x1f\x1f\x1f"]


@pytest.mark.parametrize(
    "headers", [{"dnt": "1"}, {"sec-gpc": "1"}, {"user-agent": "Googlebot/2.1"}, {"sec-purpose": "prefetch"}]
)
def test_who_refuses_and_robots_are_not_counted(visit, headers):
    visit(**headers)
    assert counts() == {}


def test_operators_are_not_counted(client_for, people):
    operator = client_for(people.operator)
    assert operator.get("/", headers={"user-agent": FIREFOX}).status_code == 200
    assert counts() == {}


def test_made_up_sources_stay_bounded(visit, monkeypatch):
    monkeypatch.setattr(measure, "MAX_FIELDS", 3)
    for number in range(6):
        visit(f"/?utm_source=s{number}<script>")
    stored = counts()
    assert len(stored) == 5 and stored["view", "home", "", ""] == 3
    assert all("<" not in source for _name, _page, source, _campaign in stored)


def test_the_site_answers_without_redis(visit, monkeypatch):
    def away(_function):
        raise measure.RedisAway

    monkeypatch.setattr(measure.REDIS, "call", away)
    visit()


def test_the_funnel_follows_facts_once_and_the_console_shows_it(visit, client_for, people):
    visit()
    tenant, now = people.home.id, timezone.now()
    paid = SubscriptionChanged(
        subject_id=new_id(),
        status=Code("active"),
        plan=Code("pro"),
        interval=Code("month"),
        mrr=Decimal(149),
        ends_with_period=False,
    )
    facts = [
        SignupRequested(subject_id=new_id(), plan=Code("pro"), has_proof=True),
        SignupCompleted(subject_id=tenant, plan=Code("pro")),
        paid,
        paid,
    ]
    for fact in facts:
        measure.follow(Event(new_id(), tenant, now, fact))
    measure.store()
    steps = [step["count"] for step in audience.figures(30)["steps"]]
    assert steps == [1, 1, 1, 1]
    operator = client_for(people.operator)
    page = operator.get("/admin/website/sitecount/audience/?days=90").content.decode()
    assert "Audience du site" in page and "100,0" in page
    assert re.search(r'<th scope="row">\s*Accueil\s*</th>', page), "pages by their names"
    assert operator.get("/admin/website/sitecount/audience/?days=nonsense").status_code == 200


def test_counts_are_deleted_after_25_months():
    with public_context():
        for days in (751, 10):
            SiteCount.objects.create(day=platform_today() - timedelta(days=days), name="view", count=1)
    assert measure.sweep() == 1
