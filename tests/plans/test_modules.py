"""What has no module is neither sold nor shown, wherever it could be; once its app registers it, it is both."""

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from billing.quotes import load_catalogue
from billing.stripe.price_items import select_prices
from billing.subscription_types import Choice
from config.modules import MODULES
from plans import modules, selectors
from plans.models import AddOn, Entitlement, Plan, Price
from tenants.context import public_context, tenant_context
from tests.modules import register
from usage import overview

LATER = ["own_assistants", "courses", "api_calls_month", "automation_runs"]


def codes(options):
    return {option.code for option in options}


def test_options_without_a_module_are_not_for_sale(people):
    assert codes(AddOn.objects.all()) >= {"analytics", "white_label", "unlimited_api", "certificates"}
    assert (
        codes(selectors.add_ons())
        == codes(selectors.add_ons_for(people.home))
        == codes(load_catalogue().add_ons)
        == set()
    )
    assert selectors.offers_with("analytics").add_ons == selectors.offers_with("courses").plans == []


def test_once_a_module_registers_they_are(people, monkeypatch):
    register(monkeypatch, "analytics", "courses")
    assert codes(selectors.add_ons()) == codes(selectors.add_ons_for(people.home)) == {"analytics"}
    assert codes(load_catalogue().add_ons) == codes(selectors.offers_with("analytics").add_ons) == {"analytics"}
    assert [plan.code for plan in selectors.offers_with("courses").plans] == ["starter", "pro", "scale"]


def test_an_option_is_sold_when_all_that_it_gives_is_there(monkeypatch):
    register(monkeypatch, "api_calls_month", "api_calls_hour", "webhooks")
    assert codes(selectors.add_ons()) == set()
    register(monkeypatch, "api_all_endpoints")
    assert codes(selectors.add_ons()) == {"unlimited_api"}


def test_a_plan_compares_what_is_there(monkeypatch):
    def compared():
        found = [*selectors.plans_offered(), *load_catalogue().plans]
        return {row.key for plan in found for row in plan.entitlements.all()}

    assert compared() == {"seats", "ai_tokens", "ai_euros", "storage"}
    register(monkeypatch, "courses")
    assert "courses" in compared()


def test_what_is_not_for_sale_cannot_be_chosen_and_is_kept_by_who_has_it():
    before = Choice("pro", "month", ("analytics",))
    with public_context():
        Price.objects.update(stripe_price_id="")
        with pytest.raises(ValidationError, match="pas en vente"):
            select_prices(before)
        # Past the question of sale: the price is not known to Stripe here.
        with pytest.raises(ValidationError) as refused:
            select_prices(before, owned=before)
    assert refused.value.code == "push"
    assert codes(load_catalogue(current_add_ons=["analytics"]).add_ons) == {"analytics"}


def test_pages_name_nothing_that_is_not_there(people, client_for, monkeypatch, give):
    give("analytics")
    names = (
        "Formations",
        "Assistants propres",
        "Appels d’API",
        "automatisation",
        "Statistiques avancées",
        "Marque blanche",
    )

    def said():
        public = client_for(host=settings.BASE_HOST).get("/tarifs/").content.decode()
        owner = client_for(people.owner)
        inside = owner.get("/settings/usage/").content.decode() + owner.get("/settings/plan/choose/").content.decode()
        return {name for name in names if name in public}, {name for name in names if name in inside}

    assert said() == (set(), set())
    assert overview.modules(people.home) == []
    register(monkeypatch)
    public, inside = said()
    assert public == set(names)
    assert "Statistiques avancées" in inside


def test_the_operator_sees_what_waits(people, client_for):
    console = client_for(people.operator)
    page = console.get("/admin/plans/addon/").content.decode()
    assert "Pas encore\N{NO-BREAK SPACE}: analytics" in page
    assert "Pas encore\N{NO-BREAK SPACE}: courses" in console.get("/admin/plans/plan/pro/change/").content.decode()


def test_rights_and_rows_stand_whether_their_module_does_or_not(people):
    with tenant_context(people.home):
        assert selectors.limit_of(people.home, "courses") == 30
    assert Entitlement.objects.filter(plan="pro", key__in=LATER).count() == len(LATER)
    assert Plan.objects.count() >= 3


def test_the_check_names_what_cannot_be_loaded(monkeypatch):
    assert modules.check_modules() == []
    monkeypatch.setitem(MODULES, "analytics", "analytics.no_such_thing")
    monkeypatch.setitem(MODULES, "no_such_right", "workspace.seats.seats_taken")
    assert {error.id for error in modules.check_modules()} == {"ruche.E020", "ruche.E021"}
