"""The shell of workspace pages: notices by role."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tenants import selectors
from tenants.context import public_context
from tenants.models import Tenant


@pytest.mark.parametrize("role", ["owner", "admin", "instructor", "member", "learner", "promoter"])
def test_trial_days_are_shown_to_managers_only(people, client_for, role):
    is_shown = role in ("owner", "admin")
    with public_context():
        ends = timezone.now() + timedelta(days=2, hours=1)
        Tenant.objects.filter(pk=people.home.id).update(state="trial", trial_ends_at=ends)
        selectors.forget_hosts(people.home.id)
    page = client_for(getattr(people, role)).get("/").content.decode()
    assert ("Essai" in page) is is_shown
    assert ("d’essai" in page) is is_shown


def test_monthly_usage_on_a_phone_is_newest_first(people, client_for):
    page = client_for(people.owner).get("/settings/usage/")
    months = [month["date"] for month in page.context["latest_first"]]
    assert months == sorted(page.context["months"], reverse=True) and len(months) == 6
    for month in page.context["latest_first"]:
        at = page.context["months"].index(month["date"])
        assert [cell["text"] for cell in month["cells"]] == [
            row["cells"][at]["text"] for row in page.context["history"]
        ]
