"""The table from Stripe's status to ours, row by row, and beside it."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.stripe.states import Facts, decide

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(days=10), NOW - timedelta(days=10)
STATES = ("trial", "active", "past_due", "suspended", "closed")
STATUSES = ("", "trialing", "active", "past_due", "unpaid", "paused", "incomplete", "incomplete_expired", "canceled")


def where(status, **more):
    more.setdefault("state", "trial")
    move = decide(Facts(status, NOW, **more))
    return move.state if move else None


@pytest.mark.parametrize("state", STATES)
def test_the_table(state):
    assert where("trialing", state=state) == "active"
    assert where("active", state=state) == "active"
    assert where("past_due", state=state) == "past_due"
    assert where("unpaid", state=state) == "suspended"
    assert where("paused", state=state) == "suspended"
    assert where("", state=state) is None
    assert where("incomplete", state=state) is None


@pytest.mark.parametrize("state", STATES)
def test_never_begun_is_as_before(state):
    assert where("incomplete_expired", state=state, trial_ends_at=LATER) is None
    ended = where("incomplete_expired", state=state, trial_ends_at=BEFORE)
    assert ended == ("suspended" if state == "trial" else None)


def test_canceled_closes_at_the_end_of_what_was_paid():
    assert where("canceled", period_end=LATER, state="active") == "active"
    assert where("canceled", period_end=NOW, state="active") == "closed"
    assert where("canceled", period_end=BEFORE, state="suspended") == "closed"
    assert where("canceled", state="active") == "closed"
    assert where("canceled", period_end=LATER, past_due_since=BEFORE, state="past_due") == "suspended"


def test_what_is_cancelled_opens_nothing_that_is_closed():
    """Closed by the operator, who ends the subscription by it: the period that was paid does not open it again."""
    assert where("canceled", period_end=LATER, state="closed") == "closed"
    assert where("canceled", period_end=LATER, past_due_since=BEFORE, state="closed") == "closed"
    assert where("active", period_end=LATER, state="closed") == "active"


LATE = [(0, "past_due"), (13.99, "past_due"), (14, "suspended"), (90, "suspended")]


@pytest.mark.parametrize(("days", "state"), LATE)
def test_fourteen_days(days, state):
    assert where("past_due", past_due_since=NOW - timedelta(days=days)) == state


def test_every_move_has_its_reason():
    for status in STATUSES:
        move = decide(Facts(status, NOW, "trial", trial_ends_at=BEFORE))
        assert move is None or move.reason


def test_a_new_word_of_stripe_s_is_not_guessed_at():
    with pytest.raises(ValueError, match="hibernating"):
        where("hibernating")
