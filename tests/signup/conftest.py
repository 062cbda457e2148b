"""A stranger on the public host."""

import base64
import hashlib
import json
import re

import pytest

from mailing.models import OutboxMessage
from signup import proof
from signup.models import SignupRequest
from tenants.context import public_context

PASSWORD = "une-phrase-assez-longue"


def solved() -> str:
    """The proof of work of a browser."""
    challenge = proof.new_challenge()
    number = next(
        number
        for number in range(proof.MAX_NUMBER + 1)
        if hashlib.sha256(f"{challenge['salt']}{number}".encode()).hexdigest() == challenge["challenge"]
    )
    return base64.b64encode(json.dumps(challenge | {"number": number}).encode()).decode()


class Stranger:
    """One browser, from the form to the workspace."""

    def __init__(self, client, ip="203.0.113.7"):
        self.client, self.ip = client, ip
        client.defaults["REMOTE_ADDR"] = ip

    def form(self, path="/inscription/", **changes):
        """The fields of the page as a person would send them."""
        page = self.client.get(path).content.decode()
        hidden = {
            name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ("request_id", "terms_version")
        }
        typed = {"email": "zoe@rive.test", "name": "Zoé", "workspace": "La Rive", "slug": "la-rive", "plan": "pro"}
        return hidden | typed | {"accept": "on", "website": "", "proof": ""} | changes

    def ask(self, **changes):
        return self.client.post("/inscription/", self.form(**changes))

    def mail(self, to="zoe@rive.test"):
        """(code, path of the link) of the last mail."""
        with public_context():
            row = OutboxMessage.objects.filter(to=[to]).order_by("-created_at").first()
        code = re.search(r"^(\d{6})$", row.text, re.M)[1]
        return code, re.search(r"/inscription/ouvrir/[^\s]+/", row.text)[0]

    def open(self, link, **changes):
        return self.client.post(link, {"password": PASSWORD, "workspace": "La Rive", "slug": "la-rive"} | changes)


@pytest.fixture
def stranger(client_for):
    return Stranger(client_for(None, host="localhost"))


@pytest.fixture
def another(client_for):
    """Another browser of the same person."""
    return Stranger(client_for(None, host="localhost"))


def requests():
    with public_context():
        return SignupRequest.objects.count()


def mails(to="zoe@rive.test"):
    with public_context():
        return OutboxMessage.objects.filter(to=[to]).count()
