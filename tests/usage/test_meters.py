"""One line to meter something; what stands is counted as it grows; what fails gives back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import Role, User
from accounts.services import user_create
from config import lifecycle
from library import uploads
from library.types import UploadRefused
from plans.meters import METERS, STANDING_SLOT, Kind, slot_of
from tenants.context import public_context, tenant_context
from tenants.services import ReadOnlyWorkspace, tenant_suspend
from tests.library.samples import PNG
from usage import selectors, services
from usage.models import QuotaCounter, Reservation
from usage.types import Act, QuotaExceeded
from workspace.seats import seats_taken


def counter(people, meter):
    found = selectors.gauge(people.home, meter)
    return found.used, found.reserved


@pytest.mark.parametrize("meter", ["automation_runs", "own_assistants", "api_calls_hour"])
def test_one_line_meters_an_act(people, meter):
    with services.metered(meter):
        assert sum(counter(people, meter)) == 1
    assert counter(people, meter) == (1, 0)


@pytest.mark.parametrize("meter", ["automation_runs", "own_assistants"])
def test_an_act_that_fails_gives_back(people, meter):
    with pytest.raises(ZeroDivisionError), services.metered(meter, 3):
        raise ZeroDivisionError
    assert counter(people, meter) == (0, 0)


def test_an_error_of_the_database_gives_back_too(people):
    with pytest.raises(DatabaseError), services.metered("automation_runs"), connection.cursor() as cursor:
        cursor.execute("SELECT 1/0")
    assert counter(people, "automation_runs") == (0, 0)


@pytest.mark.parametrize("meter", ["automation_runs", "own_assistants"])
def test_what_does_not_fit_is_not_begun(people, grant, meter):
    grant(meter, Decimal(2))
    begun = []
    with services.metered(meter, 2):
        pass
    with pytest.raises(QuotaExceeded) as refused, services.metered(meter):
        begun.append(True)
    assert refused.value.plan_name == "Pro" and refused.value.gauge.used == 2
    assert begun == [] and counter(people, meter) == (2, 0)


@pytest.mark.parametrize("meter", ["automation_runs", "own_assistants"])
def test_a_read_only_workspace_meters_nothing(people, meter):
    with public_context():
        tenant_suspend(tenant_id=people.home.id, reason="test", actor="test")
    with pytest.raises(ReadOnlyWorkspace), services.metered(meter):
        pass
    assert not QuotaCounter.objects.exists() and not Reservation.objects.exists()


def test_only_the_blocked_thing_stops(people, grant):
    grant("automation_runs", Decimal(0))
    with pytest.raises(QuotaExceeded), services.metered("automation_runs"):
        pass
    with services.metered("own_assistants"):
        pass


def test_each_meter_has_its_slot():
    now = datetime(2026, 3, 31, 23, 30, tzinfo=ZoneInfo("Europe/Paris"))
    assert slot_of("ai_tokens", now)[0].isoformat() == "2026-03-01"
    # Hours are UTC's: half past nine in the evening there.
    assert slot_of("api_calls_hour", now) == (date(2026, 3, 31), 21)
    assert slot_of("storage", now) == STANDING_SLOT


@pytest.mark.parametrize(
    ("zone", "day", "months"),
    [
        # Clocks go back, and forward.
        ("Europe/Paris", "2026-10-25", {"2026-10-01"}),
        ("Europe/Paris", "2026-03-29", {"2026-03-01"}),
        # They go back on the first day of a month, at one in the morning.
        ("America/Havana", "2026-11-01", {"2026-11-01"}),
        # By half an hour.
        ("Australia/Lord_Howe", "2026-04-05", {"2026-04-01"}),
    ],
)
def test_when_clocks_change_each_real_hour_has_a_counter_of_its_own(zone, day, months):
    with timezone.override(zone):
        begins = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        ends = (datetime.fromisoformat(day) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        minutes = [
            begins + timedelta(minutes=passed) for passed in range(0, int((ends - begins).seconds / 60 or 1440), 10)
        ]
        slots = [slot_of("api_calls_hour", minute) for minute in minutes]
        assert {slot_of("ai_tokens", minute).period.isoformat() for minute in minutes} == months
    for slot in set(slots):
        assert slots.count(slot) <= 6, "two real hours in one counter"
    # No hour is split either: what is asked in one hour meets one limit.
    assert len(set(slots)) <= len(minutes) / 6 + 1


def test_two_real_hours_of_one_name_do_not_share_what_may_be_used(people, grant, monkeypatch):
    grant("api_calls_hour", Decimal(1))
    for hour in (0, 1):
        # Twice 2:30 in Paris.
        monkeypatch.setattr(timezone, "now", lambda hour=hour: datetime(2026, 10, 25, hour, 30, tzinfo=UTC))
        assert timezone.localtime().hour == 2
        with services.metered("api_calls_hour"):
            pass
        with pytest.raises(QuotaExceeded), services.metered("api_calls_hour"):
            pass


def test_an_hour_that_is_over_counts_no_more(people):
    services.reserve(Act("api", people.member.pk), {"api_calls_hour": Decimal(1)})
    assert counter(people, "api_calls_hour") == (0, 1)
    QuotaCounter.objects.filter(meter="api_calls_hour").update(hour=(slot_of("api_calls_hour").hour + 1) % 24)
    assert counter(people, "api_calls_hour") == (0, 0)


def test_hours_of_former_days_are_swept(people):
    services.reserve(Act("api", people.member.pk), {"api_calls_hour": Decimal(1), "ai_tokens": Decimal(1)})
    assert services.sweep_hours() == 0
    QuotaCounter.objects.update(period="2020-01-01")
    assert services.sweep_hours() == 1
    assert QuotaCounter.objects.get().meter == "ai_tokens"


def test_growing_needs_a_transaction(people):
    connection.in_atomic_block, before = False, connection.in_atomic_block
    try:
        with pytest.raises(RuntimeError):
            services.grow("own_assistants")
    finally:
        connection.in_atomic_block = before


def test_what_is_removed_gives_its_room_back(people):
    services.grow("own_assistants", 3)
    services.shrink("own_assistants", 2)
    assert counter(people, "own_assistants") == (1, 0)
    services.shrink("own_assistants", 2)
    assert counter(people, "own_assistants") == (0, 0)


def test_who_counts_what_stands():
    for key, name in lifecycle.STANDING.items():
        assert METERS[key].kind is Kind.STANDING
        assert import_string(name)() >= 0


def test_seats_are_the_teams(people):
    assert seats_taken() == 4
    user_create(email="a@atelier.test", password="un-mot-de-passe", role=Role.LEARNER)
    assert seats_taken() == 4
    person = user_create(email="b@atelier.test", password="un-mot-de-passe", role=Role.MEMBER)
    assert seats_taken() == 5
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert seats_taken() == 4


def test_a_meter_begins_with_what_is_there(people, grant):
    """Nobody counted before: the first growth counts once, then no more."""
    grant("seats", Decimal(5))
    services.grow("seats")
    assert counter(people, "seats") == (5, 0)
    with pytest.raises(QuotaExceeded):
        services.grow("seats")


def test_storage_is_counted_as_it_grows(people, upload):
    upload(people.member, PNG, "a.png")
    upload(people.member, PNG, "b.png")
    assert counter(people, "storage") == (2 * len(PNG), 0)
    with tenant_context(people.away):
        assert selectors.gauge(people.away, "storage").used == 0


def test_two_uploads_at_once_do_not_share_the_room(people, upload, grant, monkeypatch):
    """Both look while there is room for one: the second finds it taken."""
    grant("storage", Decimal(len(PNG)))
    monkeypatch.setattr(uploads, "_check_quota", lambda tenant, size: None)
    upload(people.member, PNG, "a.png")
    with pytest.raises(UploadRefused) as refused:
        upload(people.member, PNG, "b.png")
    assert refused.value.code == "storage_full" and "Pro" in refused.value.message
    assert counter(people, "storage") == (len(PNG), 0)


def test_an_upload_that_fails_gives_its_room_back(people, upload, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(uploads.audit, "record", fail)
    with pytest.raises(RuntimeError):
        upload(people.member, PNG, "a.png")
    assert counter(people, "storage") == (0, 0)


def test_a_refused_upload_says_so_on_its_page(people, client_for, grant):
    grant("storage", Decimal(10))
    sent = {"file": SimpleUploadedFile("a.png", PNG, "image/png"), "title": "Photo", "visibility": "private"}
    page = client_for(people.member).post("/library/upload/", sent)
    assert page.status_code == 422 and 'value="Photo"' in page.content.decode()


def test_a_wrong_counter_is_set_right(people, upload, caplog):
    upload(people.member, PNG, "a.png")
    QuotaCounter.objects.filter(meter="storage").update(used=7)
    with public_context():
        assert services.recount_standing() == 1
        assert services.recount_standing() == 0
    assert counter(people, "storage") == (len(PNG), 0)
    assert "set right" in caplog.text


def test_growth_in_a_transaction_that_is_undone_is_none(people):
    with transaction.atomic():
        services.grow("own_assistants", 3)
        transaction.set_rollback(True)
    assert counter(people, "own_assistants") == (0, 0)
