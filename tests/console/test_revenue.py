"""Revenue page and its downloads: figures equal the ledger, and nothing is written."""

import csv
import io
import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import RevenueChange, Subscription
from billing.mrr import ledger
from tenants.ids import new_id
from tests.people import People

PAGE = "/admin/billing/revenuechange/months/"
LEDGER = "/admin/billing/revenuechange/"


def bring(tenant_id: Any, slug: str, *amounts: tuple[datetime, str], status: str = "active") -> None:
    """A workspace's subscription brings so much from each moment on."""
    row, _created = Subscription.objects.get_or_create(tenant_id=tenant_id, defaults={"plan_code": "pro"})
    row.refresh_from_db()
    for at, amount in amounts:
        ledger.record_change(row, slug, monthly=Decimal(amount), plan_code="pro", now=at, reason="options")
    row.status = status
    row.save()


@pytest.fixture
def history(people: People) -> None:
    now = timezone.localtime()
    long_ago = (now.replace(day=1) - timedelta(days=40)).replace(day=10)
    bring(people.home.id, people.home.slug, (long_ago, "149.00"), (now, "178.00"))
    bring(people.away.id, people.away.slug, (long_ago, "1000.00"), status="past_due")
    bring(new_id(), "partie", (long_ago, "99.00"), (now, "0"))


def test_page_without_subscriptions(console: Client, people: People) -> None:
    text = console.get(PAGE).content.decode()
    assert "Aucun revenu pour l’instant" in text and "data-months" not in text


def test_figures_equal_the_ledger(console: Client, people: People, history: None) -> None:
    page = console.get(PAGE)
    now = page.context["now"]
    assert (now.start, now.end, now.workspaces, now.left) == (1248, 1178, 2, 1)
    assert (page.context["at_risk"], now.net) == (1000, -70)
    text = page.content.decode().replace("\u202f", " ").replace("\u00a0", " ")
    for shown in ("1 178,00 €", "1 000,00 €", "−70,00 €", "+29,00 €", "−99,00 €", "7,9 %", "Options"):
        assert shown in text
    assert [plan.code for plan in page.context["plans"]] == ["pro"]
    assert len(page.context["months"]) == 12
    assert len(console.get(PAGE, {"months": "36"}).context["months"]) == 36
    assert len(console.get(PAGE, {"months": "9999"}).context["months"]) == 12


def test_movements_link_to_existing_workspaces_only(console: Client, people: People, history: None) -> None:
    for page in (PAGE, LEDGER):
        text = console.get(page).content.decode()
        assert f'/admin/tenants/tenant/{people.home.id}/change/">{people.home.slug}</a>' in text
        assert "partie" in text and ">partie</a>" not in text


def test_query_count_does_not_grow_with_movements(console: Client, people: People) -> None:
    query_counts = []
    for number in (1, 9):
        for _index in range(number):
            bring(new_id(), f"w{_index}", (timezone.now(), "99.00"))
        with CaptureQueriesContext(connection) as captured:
            console.get(PAGE)
        query_counts.append(len(captured))
    assert query_counts[0] == query_counts[1]


def test_downloads_have_the_same_figures(console: Client, people: People, history: None) -> None:
    answer = console.get(f"{LEDGER}lines.csv")
    assert answer["Content-Type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(lines) == RevenueChange.objects.count() == 5
    moved = sum(Decimal(line["after_euros"]) - Decimal(line["before_euros"]) for line in lines)
    months = list(csv.DictReader(io.StringIO(console.get(f"{LEDGER}months.csv?months=24").content.decode())))
    assert (len(months), Decimal(months[-1]["end"]), moved) == (24, 1178, 1178)
    assert (months[-1]["churn"], months[-1]["left"]) == ("99.00", "1")


@pytest.mark.parametrize("page", ["months/", "months.csv", "lines.csv"])
def test_only_operators_can_download(client_for: Any, people: People, settings: Any, page: str) -> None:
    answer = client_for(None, host=settings.BASE_HOST).get(f"{LEDGER}{page}")
    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
    assert client_for(people.owner).get(f"{LEDGER}{page}").status_code == 404


def test_dashboard_shows_the_same_mrr(console: Client, people: People, history: None) -> None:
    page = console.get("/admin/")
    assert (page.context["mrr"], page.context["at_risk"]) == (1178, 1000)
    text = page.content.decode().replace("\u202f", " ").replace("\u00a0", " ")
    assert "1 178,00 €" in text and PAGE in text


def test_movements_cannot_be_edited(console: Client, people: People, history: None) -> None:
    line = RevenueChange.objects.first()
    assert line is not None
    for act in ("add/", f"{line.pk}/change/", f"{line.pk}/delete/"):
        assert console.post(f"{LEDGER}{act}", {"after_euros": "1", "post": "yes"}).status_code == 403
    assert RevenueChange.objects.count() == 5


def test_charts_have_rounded_ticks_around_all_movements(console: Client, people: People, history: None) -> None:
    page = console.get(PAGE)
    ends, moves = (json.loads(page.context[name])["scales"]["y"] for name in ("ends_options", "moves_options"))
    assert (ends["min"], ends["max"], ends["ticks"]["stepSize"]) == (0, 1500, 500)
    assert (moves["min"], moves["max"], moves["ticks"]["stepSize"]) == (-500, 1500, 500)


def test_charts_of_the_first_page_have_rounded_ticks(console: Client, people: People, spend: Any) -> None:
    spend(people.home, "37.00", tokens=4_200)
    page = console.get("/admin/")
    cost, tokens = (json.loads(page.context[name])["scales"]["y"] for name in ("cost_options", "token_options"))
    assert (cost["max"], cost["ticks"]["format"]["currency"], tokens["max"]) == (40, "EUR", 6000)
    assert page.content.decode().count("data-options=") == 2
