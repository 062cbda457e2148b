"""The page of use: every meter with its limit and source, the last months, a forecast; for owners and admins."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from plans.types import AI_EUROS, TOKENS
from tenants.context import public_context
from tenants.ids import new_id
from tenants.services import tenant_suspend
from tests.library.samples import PNG
from tests.modules import register
from usage import overview, services
from usage.models import QuotaCounter
from usage.types import Act

PARIS = ZoneInfo("Europe/Paris")


def use(amount, meter=TOKENS):
    held = services.reserve(Act("test", new_id()), {meter: Decimal(amount)})
    services.settle(held.id, {meter: Decimal(amount)})


def text_of(client_for, person):
    return client_for(person).get("/settings/usage/").content.decode().replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("day", "hour", "found"),
    [(1, 0, None), (3, 23, None), (4, 0, 1000), (16, 0, 200), (30, 0, "103.45")],
)
def test_a_forecast_goes_on_day_for_day(day, hour, found):
    said = overview.forecast(Decimal(100), datetime(2026, 11, day, hour, tzinfo=PARIS))
    assert (said if said is None else round(said, 2)) == (found if found is None else Decimal(found))


def test_months_go_back_over_the_new_year(monkeypatch):
    monkeypatch.setattr(overview, "this_period", lambda: datetime(2026, 2, 1).date())
    assert [day.isoformat() for day in overview.months()][:3] == ["2025-09-01", "2025-10-01", "2025-11-01"]


def test_the_history_is_of_this_workspace_and_six_months(people):
    use(1_000)
    first, *_rest = overview.months()
    for tenant, day, used in (
        (people.home, first, 500),
        (people.home, first.replace(year=2001), 7),
        (people.away, first, 9),
    ):
        QuotaCounter.objects.create(tenant_id=tenant.id, meter=TOKENS, period=day, used=used)
    (row,) = overview.history(people.home)
    assert row.used == [500, 0, 0, 0, 0, 1_000]


def test_the_page_shows_each_meter_with_its_source(people, client_for, upload, grant, give, monkeypatch):
    register(monkeypatch, "own_assistants", "api_calls_month", "api_calls_hour", "webhooks", "api_all_endpoints")
    use(4_500_000)
    use("12.5", AI_EUROS)
    upload(people.member, PNG, "a.png")
    grant("own_assistants", Decimal(7), days=30)
    give("unlimited_api")
    page = text_of(client_for, people.owner)
    for said in ("4,5 M sur 5 M", "12,50 € sur 100,00 €", "4 sur 15", "50 Go", "Offre Pro", "0, sans limite"):
        assert said in page, said
    assert "Option API illimitée" in page and "Dérogation jusqu’au" in page and "bientôt atteint" in page
    assert "Webhooks" in page
    # What nothing makes yet is not shown.
    assert "Formations" not in page and "Apprenants" not in page


def test_past_months_are_a_table(people, client_for):
    use(1_000)
    page = text_of(client_for, people.admin)
    assert page.count('<th scope="col"') == 7 and '<th scope="row"' in page
    assert "Rien encore" in text_of(client_for, people.owner) or "1 000" in page


def test_options_that_would_add_something_are_offered(people, client_for, give, monkeypatch):
    register(monkeypatch, "white_label")
    assert "Marque blanche" in text_of(client_for, people.owner)
    give("white_label")
    page = text_of(client_for, people.owner)
    assert "Votre domaine, vos couleurs" not in page and "Option Marque blanche" in page


@pytest.mark.parametrize("who", ["member", "instructor", "learner", "promoter"])
def test_members_see_nothing_of_it(people, client_for, who):
    client = client_for(getattr(people, who))
    assert client.get("/settings/usage/").status_code == 403
    assert "/settings/usage/" not in client.get("/").content.decode()


def test_one_entry_of_the_navigation_is_current(people, client_for):
    for path in ("/settings/", "/settings/usage/"):
        page = client_for(people.owner).get(path).content.decode()
        sidebar = page[page.index('id="sidebar"') : page.index("</aside>")]
        assert sidebar.count('aria-current="page"') == 1
        assert f'href="{path}" aria-current="page"' in page


def test_a_read_only_workspace_still_reads_it(people, client_for):
    with public_context():
        tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    assert client_for(people.owner).get("/settings/usage/").status_code == 200


def test_it_writes_nothing(people, client_for):
    client_for(people.owner).get("/settings/usage/")
    assert not QuotaCounter.objects.exists()


def test_in_english(people, client_for, settings):
    use(4_500_000)
    client = client_for(people.owner)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = client.get("/settings/usage/").content.decode().replace("\u00a0", " ")
    assert "4.5 M of 5 M" in page and "The last six months" in page and "Pro plan" in page
