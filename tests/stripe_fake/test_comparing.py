"""`make test-stripe`: another copy of the fake, and an altered one, stand in for the real Stripe."""

import os
import subprocess
import sys

import pytest

from fakes import process
from fakes.stripe.server import KEY
from tests.stripe_fake.altered import DIFFERENCES
from tests.stripe_real import compare

# Few walks, which meet every kind of difference.
FEW = ("-k", "rounded_for_each_line or cancelled_at_once or items_added")
NOT_GIVEN = ("STRIPE_TEST_SECRET_KEY", "RUCHE_REQUIRE_STRIPE")


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in NOT_GIVEN}
    line = [sys.executable, "-m", "tests.stripe_real", *arguments]
    return subprocess.run(line, env=plain | environment, capture_output=True, text=True, check=False)


@pytest.fixture
def stripe_at():
    """`stripe_at(module)`: the address of what stands in for Stripe."""
    started = []

    def start(module):
        address, running = process.start(module, "--port", "0", *(["--unchecked"] if "altered" in module else []))
        started.append(running)
        return address

    yield start
    for running in started:
        process.stop(running)


def test_without_a_key_it_says_that_nothing_was_run():
    done = command()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("test-stripe: NOT RUN") and done.stdout.count("\n") == 1
    assert command(RUCHE_REQUIRE_STRIPE="1").returncode == 1


@pytest.mark.parametrize("key", ["sk_live_000000000000000000000000", "rk_test_00000000000000000000", "pk_test_0", "x"])
def test_a_key_that_is_not_a_test_accounts_secret_is_refused(key):
    done = command(STRIPE_TEST_SECRET_KEY=key)
    assert (done.returncode, done.stdout) == (2, "")
    assert "must begin with sk_test_" in done.stderr and key not in done.stderr


def test_the_same_stripe_shows_no_difference_and_keeps_no_clock(stripe_at):
    address = stripe_at("fakes.stripe")
    done = command(*FEW, STRIPE_TEST_SECRET_KEY=KEY, RUCHE_STRIPE_ADDRESS=address)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 walks" in done.stdout and "0 kinds of difference" in done.stdout
    assert left_at(address) == ([], [], [])


def left_at(address):
    """Clocks, active prices and active tax rates of the account."""
    import stripe

    client = stripe.StripeClient(KEY, base_addresses={"api": address})
    return (
        client.v1.test_helpers.test_clocks.list().data,
        client.v1.prices.list({"active": True}).data,
        client.v1.tax_rates.list({"active": True}).data,
    )


def test_a_stripe_that_differs_is_told_difference_by_difference(stripe_at):
    address = stripe_at("tests.stripe_fake.altered")
    done = command(*FEW, STRIPE_TEST_SECRET_KEY=KEY, RUCHE_STRIPE_ADDRESS=address)
    assert done.returncode == 1
    for difference in DIFFERENCES:
        assert difference in done.stdout, done.stdout
    # What the walk itself asserts failed there too, and what it made is put away all the same.
    assert "walks failed on the real side" in done.stdout
    assert left_at(address) == ([], [], [])


def test_a_server_that_does_not_answer_is_a_failure_and_no_success():
    done = command(*FEW, STRIPE_TEST_SECRET_KEY=KEY, RUCHE_STRIPE_ADDRESS="http://127.0.0.1:9")
    assert done.returncode == 1 and "walks failed on the real side" in done.stdout


def call(path="/v1/invoices/{id}", status=200, **body):
    return {"method": "get", "path": path, "status": status, "body": body}


@pytest.mark.parametrize(
    ("ours", "theirs", "lines"),
    [
        ({"id": "in_1", "created": 1}, {"id": "in_2", "created": 2}, []),
        ({"total": 1}, {"total": 2}, ["answer.total: 1, at Stripe 2"]),
        ({"total": 1}, {"total": "1"}, ["answer.total: int, at Stripe string"]),
        ({"a": None}, {"a": {}}, ["answer.a: null, at Stripe object"]),
        ({"lines": [{"amount": 1}]}, {"lines": []}, ["answer.lines: 1 elements, at Stripe 0"]),
        (
            {"x": [{"object": "tax", "amount": 1}]},
            {"x": [{"object": "tax", "amount": 2}]},
            ["tax.amount: 1, at Stripe 2"],
        ),
        ({"period": {"end": 1}}, {"period": {"end": 2}}, ["answer.period.end: 1, at Stripe 2"]),
        ({"message": "a"}, {"message": "b"}, []),
        ({"object": "a"}, {"object": "b"}, ["answer: a, at Stripe b"]),
    ],
)
def test_two_answers_compared(ours, theirs, lines):
    assert list(compare.walk([call(**ours)], [call(**theirs)])) == lines


def test_walks_that_part_are_compared_no_further():
    found = list(compare.walk([call("/v1/a"), call("/v1/b", total=1)], [call("/v1/c"), call("/v1/b", total=2)]))
    assert found == ["the walks part at call 1: GET /v1/a, at Stripe GET /v1/c"]
    assert list(compare.walk([call(), call()], [call()])) == ["2 calls, at Stripe 1"]
    assert list(compare.walk([call(status=402, error={"code": "x"})], [call()])) == [
        "GET /v1/invoices/{id}: status 402, at Stripe 200 (x)"
    ]
