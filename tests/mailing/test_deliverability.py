"""The sender's domain, asked of a DNS server of the test at the wire."""

import socket
import threading
import time

import dns.message
import dns.rcode
import dns.rrset
import pytest

from mailing import deliverability

GOOD = {
    ("example.test.", "TXT"): ['"v=spf1 include:spf.esp.test ~all"', '"other"'],
    ("spf.esp.test.", "TXT"): ['"v=spf1 ip4:192.0.2.0/24 -all"'],
    ("s1._domainkey.example.test.", "TXT"): ['"v=DKIM1; k=rsa; " "p=MIGf"'],
    ("_dmarc.example.test.", "TXT"): ['"v=DMARC1; p=quarantine; rua=mailto:d@example.test"'],
    ("example.test.", "MX"): ["10 mx.example.test."],
}


class Server(threading.Thread):
    """Answers from `records`; silent if there are none."""

    def __init__(self):
        super().__init__(daemon=True)
        self.records, self.asked = dict(GOOD), 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))

    def run(self):
        while True:
            try:
                data, address = self.socket.recvfrom(4096)
            except OSError:
                return
            self.asked += 1
            query = dns.message.from_wire(data)
            name, kind = query.question[0].name.to_text(), query.question[0].rdtype.name
            if not self.records:
                continue
            answer = dns.message.make_response(query)
            if values := self.records.get((name, kind)):
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *values))
            else:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self.socket.sendto(answer.to_wire(), address)


@pytest.fixture
def server(settings):
    server = Server()
    server.start()
    settings.MAIL_DNS_SERVERS = [f"127.0.0.1:{server.socket.getsockname()[1]}"]
    settings.MAIL_PROVIDER, settings.DEFAULT_FROM_EMAIL = "sendgrid", "Ruche <hello@example.test>"
    yield server
    server.socket.close()


def states(domain="example.test"):
    return {check.name: check.state for check in deliverability.check_all(domain)}


def test_a_domain_in_order_is_good(server):
    assert states() == {"SPF": "good", "DKIM": "good", "DMARC": "good", "MX": "good"}


@pytest.mark.parametrize(
    ("key", "values", "name", "state"),
    [
        ("example.test.|TXT", None, "SPF", "bad"),
        ("example.test.|TXT", ['"v=spf1 ~all"', '"v=spf1 -all"'], "SPF", "bad"),
        ("example.test.|TXT", ['"v=spf1 a mx +all"'], "SPF", "bad"),
        ("example.test.|TXT", ['"v=spf1 a mx"'], "SPF", "warning"),
        ("example.test.|TXT", ['"v=spf1 redirect=spf.esp.test"'], "SPF", "good"),
        ("example.test.|TXT", ['"v=spf1 include:example.test ~all"'], "SPF", "good"),
        ("example.test.|TXT", ['"v=spf1 ' + "a:h.test " * 11 + '~all"'], "SPF", "bad"),
        ("s1._domainkey.example.test.|TXT", None, "DKIM", "bad"),
        ("s1._domainkey.example.test.|TXT", ['"v=DKIM1; p="'], "DKIM", "bad"),
        ("s1._domainkey.example.test.|TXT", ['"v=DKIM1; t=y; p=MIGf"'], "DKIM", "warning"),
        ("_dmarc.example.test.|TXT", None, "DMARC", "bad"),
        ("_dmarc.example.test.|TXT", ['"v=DMARC1; p=none"'], "DMARC", "warning"),
        ("_dmarc.example.test.|TXT", ['"v=DMARC1; rua=mailto:x@y.test"'], "DMARC", "bad"),
        ("example.test.|MX", None, "MX", "warning"),
        ("example.test.|MX", ["0 ."], "MX", "warning"),
    ],
)
def test_what_is_missing_or_wrong_is_named(server, key, values, name, state):
    server.records.pop(tuple(key.split("|")))
    if values:
        server.records[tuple(key.split("|"))] = values
    assert states()[name] == state
    assert sum(value != "good" for value in states().values()) == (state != "good")


def test_the_organisations_policy_holds_for_a_sub_domain(server):
    assert states("mail.example.test")["DMARC"] == "good"


def test_records_that_include_each_other_end(server):
    for number in range(3):
        server.records[(f"n{number}.test.", "TXT")] = [f'"v=spf1 include:n{(number + 1) % 3}.test ~all"']
    server.records[("example.test.", "TXT")] = ['"v=spf1 include:n0.test include:n1.test ~all"']
    states()
    assert server.asked < 60


def test_a_silent_server_is_waited_for_some_seconds_and_without_a_connection(server, monkeypatch):
    server.records = {}
    given_back = []
    monkeypatch.setattr("mailing.deliverability.give_back_connection", lambda: given_back.append(1))
    monkeypatch.setattr("mailing.deliverability.SECONDS", 0.3)
    begun = time.monotonic()
    assert set(states().values()) == {"unknown"}
    assert time.monotonic() - begun < 3 and given_back


def test_the_console_checks_when_asked(server, client_for, people):
    console, path = client_for(people.operator), "/admin/mailing/outboxmessage/deliverability/"
    page = console.get(path).content.decode()
    assert "data-check" not in page and server.asked == 0 and "example.test" in page
    assert console.post(path).status_code == 302
    page, asked = console.get(path).content.decode(), server.asked
    assert page.count('data-state="good"') == 4 and "v=DMARC1" in page and server.asked == asked > 0
    assert client_for(people.owner).get(path).status_code == 404
