"""Webhooks over a real socket: signed, in any order, doubled, late, lost, forged, tried again."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from tests.stripe_fake.shop import PERSON, visit


class Receiver:
    """Keeps what it is sent, and answers the statuses it was told to, then 200."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                receiver.got.append((body, self.headers["stripe-signature"]))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body, _signature in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_they_are_signed_and_come_in_order(fake, receiver):
    endpoint = stripe.WebhookEndpoint.create(url=receiver.url, enabled_events=["*"])
    made = stripe.Customer.create(name="É")
    stripe.Customer.modify(made.id, name="B")
    fake.settled()
    assert receiver.types == ["customer.created", "customer.updated"]
    events = [stripe.Webhook.construct_event(body, signed, endpoint.secret) for body, signed in receiver.got]
    assert [event.data.object["name"] for event in events] == ["É", "B"]
    assert events[1].data.previous_attributes["name"] == "É"
    assert events[0].api_version == stripe.api_version
    assert events[0]["request"]["idempotency_key"]
    assert stripe.Event.retrieve(events[0].id).pending_webhooks == 0


def test_only_what_is_wanted_comes(fake, receiver):
    stripe.WebhookEndpoint.create(url=receiver.url, enabled_events=["customer.updated"])
    made = stripe.Customer.create(name="A")
    stripe.Customer.modify(made.id, name="B")
    fake.settled()
    assert receiver.types == ["customer.updated"]


def test_a_refusal_is_tried_again(fake, receiver):
    fake.post("settings", delivery_delays=[0.05, 0.05])
    fake.listen(receiver.url)
    receiver.answers = [500, 400]
    stripe.Customer.create(name="A")
    fake.settled()
    assert receiver.types == ["customer.created"] * 3
    assert [one["status"] for one in fake.deliveries()[0]["attempts"]] == [500, 400, 200]
    assert fake.deliveries()[0]["state"] == "delivered"


def test_patience_has_an_end(fake, receiver):
    fake.post("settings", delivery_delays=[0.01])
    fake.listen(receiver.url)
    receiver.answers = [500, 500]
    stripe.Customer.create(name="A")
    fake.settled()
    assert fake.deliveries("failed")[0]["type"] == "customer.created"
    event = stripe.Event.list(type="customer.created").data[0]
    assert event.pending_webhooks == 1
    fake.post("replay", event=event.id)
    fake.settled()
    assert len(receiver.got) == 3


def test_nobody_there(fake):
    fake.post("settings", delivery_delays=[])
    fake.listen("http://127.0.0.1:9/")
    stripe.Customer.create(name="A")
    fake.settled()
    assert fake.deliveries("failed")[0]["attempts"][0]["status"] == 0


def test_in_another_order_and_doubled(fake, receiver):
    fake.listen(receiver.url)
    fake.hold()
    made = stripe.Customer.create(name="A")
    stripe.Customer.modify(made.id, name="B")
    first, second = [one["id"] for one in fake.deliveries("held")]
    assert receiver.got == []
    answers = fake.deliver(second, first, second)
    assert [answer["status"] for answer in answers] == [200, 200, 200]
    assert receiver.types == ["customer.updated", "customer.created", "customer.updated"]
    assert receiver.got[0][0] == receiver.got[2][0].replace('"pending_webhooks": 0', '"pending_webhooks": 1')


def test_forged_and_old(fake, receiver):
    secret = fake.listen(receiver.url)["secret"]
    fake.hold()
    stripe.Customer.create(name="A")
    held = fake.deliveries("held")[0]["id"]
    fake.deliver(held, forged=True)
    fake.deliver(held, age=301)
    for body, signed in receiver.got:
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, signed, secret)


def test_dropped_and_late(fake, receiver):
    fake.listen(receiver.url)
    fake.hold()
    made = stripe.Customer.create(name="A")
    stripe.Customer.modify(made.id, name="B")
    first, second = [one["id"] for one in fake.deliveries("held")]
    fake.post("drop", ids=[first])
    fake.post("delay", ids=[second], seconds=0.2)
    fake.settled()
    assert receiver.types == ["customer.updated"]


def test_a_test_may_take_them(fake, receiver):
    secret = fake.listen(receiver.url)["secret"]
    fake.hold()
    stripe.Customer.create(name="A")
    (taken,) = fake.take()
    event = stripe.Webhook.construct_event(taken["body"], taken["headers"]["Stripe-Signature"], secret)
    assert (event.type, taken["type"]) == ("customer.created", "customer.created")
    assert fake.take() == []
    fake.post("release")
    stripe.Customer.create(name="B")
    fake.settled()
    assert len(receiver.got) == 1


def test_what_the_fake_does_not_make_itself(fake, receiver):
    fake.listen(receiver.url)
    made = stripe.Product.create(name="A")
    fake.post("emit", type="product.updated", object=made.id)
    fake.settled()
    assert receiver.types == ["product.created", "product.updated"]


def test_a_purchase_is_told_in_order(shop, receiver):
    shop.fake.listen(receiver.url)
    visit(shop.session().url, do="pay", **PERSON)
    shop.fake.settled()
    wanted = ["customer.created", "customer.subscription.created", "invoice.paid", "checkout.session.completed"]
    assert [kind for kind in receiver.types if kind in wanted] == wanted


def test_the_control_is_for_this_machine(fake):
    assert fake.get("health") == {"ok": True}
    with pytest.raises(RuntimeError, match="no nonsense here"):
        fake.get("nonsense")
