"""Words of the choice of a mail: what is only mailed is wanted or not."""

import pytest
from django.utils import translation

from notifications import selectors
from notifications.forms import PreferencesForm
from notifications.kinds import KINDS


def words(person, kind):
    field = PreferencesForm(preferences=selectors.preferences(person)).fields[f"{kind}_mail"]
    return [str(label) for _value, label in field.choices]


@pytest.mark.parametrize("kind", [code for code, kind in KINDS.items() if kind.mail_only])
def test_a_mail_that_has_its_own_time_is_wanted_or_not(people, kind):
    assert words(people.owner, kind) == ["Non", "Oui"]
    with translation.override("en"):
        assert words(people.owner, kind) == ["No", "Yes"]


def test_mails_of_a_notification_come_at_once_or_daily(people):
    assert words(people.owner, "item_published") == ["Jamais", "Tout de suite", "Une fois par jour"]
