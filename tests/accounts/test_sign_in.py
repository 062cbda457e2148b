"""Sign-in and sign-out, first and forgotten passwords, change of address."""

import re

import pytest
from django.test import Client

from accounts.models import AuditEntry, Role, User
from accounts.services import user_create
from mailing.models import OutboxMessage
from tenants.context import public_context
from tenants.ids import new_id
from tests.people import PASSWORD, TWIN_PASSWORD

NEW = "un-tout-nouveau-mot-de-passe"


def sign_in(host: str, email: str = "member@atelier.test", password: str = PASSWORD, to: str = ""):
    client = Client(headers={"host": host})
    return client, client.post(f"/accounts/login/{to}", {"login": email, "password": password})


def signed_in(client: Client) -> bool:
    """As the site itself sees it, on the client's own host."""
    return client.get("/accounts/password/change/").status_code == 200


def forgotten(host: str, email: str) -> OutboxMessage | None:
    """The mail that went out when a new password was asked for; None where none did."""
    begun = new_id()
    Client(headers={"host": host}).post("/accounts/password/reset/", {"email": email})
    with public_context():
        return OutboxMessage.objects.filter(pk__gt=begun).order_by("pk").last()


def test_member_signs_in_and_out(people):
    client, answer = sign_in(people.home.domain, "Member@Atelier.test")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    assert client.get("/accounts/logout/").status_code == 200, "leaving takes a POST: a picture cannot sign you out"
    assert signed_in(client)
    client.post("/accounts/logout/")
    assert client.get("/").status_code == 302 and not signed_in(client)


@pytest.mark.parametrize(
    ("email", "password"),
    [("member@atelier.test", "faux"), ("personne@atelier.test", PASSWORD), ("stranger@voisine.test", PASSWORD)],
)
def test_error_is_the_same_for_wrong_address_and_wrong_password(people, email, password):
    client, answer = sign_in(people.home.domain, email, password)
    assert answer.status_code == 200 and not signed_in(client)
    errors = answer.context["form"].non_field_errors()
    assert errors == sign_in(people.home.domain, "member@atelier.test", "faux")[1].context["form"].non_field_errors()


@pytest.mark.parametrize("role", ["owner", "admin", "instructor", "member", "learner", "promoter"])
def test_every_role_has_a_home_page(people, client_for, role):
    page = client_for(getattr(people, role)).get("/")
    assert page.status_code == 200 and "Atelier" in page.content.decode()


def test_deactivated_user_is_signed_out_at_the_next_request(people, client_for):
    client = client_for(people.member)
    User.objects.filter(pk=people.member.pk).update(is_active=False)
    assert client.get("/").status_code == 302
    assert not signed_in(sign_in(people.home.domain)[0])


def test_login_shortcut_redirects_to_sign_in(people):
    for host in (people.home.domain, "localhost"):
        for path in ("/login", "/login/"):
            answer = Client(headers={"host": host}).get(path)
            assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")


@pytest.mark.parametrize(
    "away", ["https://evil.example/", "//evil.example/", "http://voisine.localhost/", "javascript:x"]
)
def test_next_to_another_host_is_ignored(people, away):
    client, answer = sign_in(people.home.domain, to=f"?next={away}")
    assert answer["Location"] == "/"
    assert client.post("/accounts/logout/", {"next": away})["Location"] == "/accounts/login/"
    assert client.post("/language/", {"language": "en", "next": away})["Location"] == "/"


def test_sign_in_redirects_to_next(people):
    page = Client(headers={"host": people.home.domain}).get("/library/?kind=post")
    assert page["Location"] == "/accounts/login/?next=/library/%3Fkind%3Dpost"
    assert sign_in(people.home.domain, to="?next=/library/%3Fkind%3Dpost")[1]["Location"] == "/library/?kind=post"


def test_htmx_request_without_session_gets_401_with_redirect(people):
    client = Client(headers={"host": people.home.domain})
    for header in ({"HX-Request": "true"}, {"Accept": "text/event-stream"}):
        answer = client.get("/conversations/", headers=header)
        assert (answer.status_code, answer["HX-Redirect"]) == (401, "/accounts/login/?next=/")


def test_sign_up_is_closed(people):
    for host in (people.home.domain, "localhost"):
        client = Client(headers={"host": host})
        before = User.objects.count()
        page = client.get("/accounts/signup/")
        sent = {"email": "intrus@x.test", "password1": NEW, "password2": NEW}
        posted = client.post("/accounts/signup/", sent)
        for answer in (page, posted):
            assert answer.status_code == 200 and answer.templates[0].name == "account/signup_closed.html"
        assert User.objects.count() == before and not signed_in(client)
        with public_context():
            assert not User.objects.filter(email="intrus@x.test").exists()


def test_operator_signs_in_on_the_public_host_only(people):
    assert sign_in("localhost", people.operator.email)[1]["Location"] == "/admin/"
    client, _answer = sign_in(people.home.domain, people.operator.email)
    assert not signed_in(client)
    for person in (people.owner, people.member):
        client, _answer = sign_in("localhost", person.email)
        assert not signed_in(client)


def test_failed_sign_ins_block_that_account_in_that_workspace_only(people):
    for _ in range(9):
        answer = sign_in(people.home.domain, password="faux")[1]
    errors = str(answer.context["form"].non_field_errors()).lower()
    assert "trop" in errors and "code" in errors
    client, _answer = sign_in(people.home.domain)
    assert not signed_in(client), "even the right one waits"
    assert signed_in(sign_in(people.home.domain, people.owner.email)[0])
    assert signed_in(sign_in(people.away.domain, password=TWIN_PASSWORD)[0])


def test_forged_forwarded_header_does_not_lift_the_block(people):
    for number in range(10):
        client = Client(headers={"host": people.home.domain, "x-forwarded-for": f"203.0.113.{number}"})
        client.post("/accounts/login/", {"login": "member@atelier.test", "password": "faux"})
    client = Client(headers={"host": people.home.domain, "x-forwarded-for": "198.51.100.1"})
    client.post("/accounts/login/", {"login": "member@atelier.test", "password": PASSWORD})
    assert not signed_in(client)


def test_rate_limited_request_gets_a_429_page(people, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login": "2/m/ip"}
    answers = [sign_in(people.home.domain, password="faux")[1] for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].templates[0].name == "429.html"


class TestFirstPassword:
    """A password that somebody else made is changed before anything else."""

    @pytest.fixture
    def client(self, people, client_for):
        User.objects.filter(pk=people.member.pk).update(must_change_password=True)
        return client_for(people.member)

    def change(self, client, new: str, old: str = PASSWORD):
        return client.post("/accounts/password/change/", {"oldpassword": old, "password1": new, "password2": new})

    def test_every_page_redirects_to_the_password_change(self, client):
        for path in ("/", "/conversations/", "/library/", "/accounts/email/"):
            for answer in (client.get(path), client.post(path)):
                assert (answer.status_code, answer["Location"]) == (302, "/accounts/password/change/"), path
        assert client.post("/conversations/new/", {"text": "Bonjour"})["Location"] == "/accounts/password/change/"
        assert client.get("/accounts/password/change/").status_code == 200
        assert client.get("/brand/75.css").status_code == 200

    def test_password_change_lifts_the_redirect_and_keeps_the_session(self, people, client):
        assert self.change(client, NEW)["Location"] == "/"
        assert client.get("/conversations/").status_code == 200
        assert AuditEntry.objects.filter(action="user.password_changed", actor=people.member.email).count() == 1
        assert signed_in(sign_in(people.home.domain, password=NEW)[0])
        assert not signed_in(sign_in(people.home.domain)[0])

    @pytest.mark.parametrize("new", [PASSWORD, "court", "password123", "member@atelier.test"])
    def test_same_or_weak_password_is_refused(self, people, client, new):
        answer = self.change(client, new)
        assert answer.status_code == 200 and answer.context["form"].errors
        assert client.get("/")["Location"] == "/accounts/password/change/"
        assert User.objects.get(pk=people.member.pk).check_password(PASSWORD)

    def test_old_password_is_required(self, client):
        assert self.change(client, NEW, old="faux").status_code == 200
        assert client.get("/")["Location"] == "/accounts/password/change/"

    def test_password_reset_also_lifts_the_redirect(self, people, client):
        link = re.search(r"/accounts/password/reset/key/\S+", forgotten(people.home.domain, people.member.email).text)
        assert link
        visitor = Client(headers={"host": people.home.domain})
        form = visitor.get(link[0])["Location"]
        visitor.post(form, {"password1": NEW, "password2": NEW})
        assert not User.objects.get(pk=people.member.pk).must_change_password
        assert client.get("/").status_code == 302 and not signed_in(client), "who was signed in elsewhere is out"


def test_password_change_ends_other_sessions(people):
    here, elsewhere = sign_in(people.home.domain)[0], sign_in(people.home.domain)[0]
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


class TestForgotten:
    def test_reset_link_leads_to_the_workspace(self, people, settings):
        mail = forgotten(people.home.domain, "Member@atelier.test")
        assert (mail.to, mail.tenant_slug) == ([people.member.email], "atelier")
        assert mail.subject.startswith("[Atelier] ")
        links = re.findall(r"https?://\S+?(?=[\s\"<])", mail.text + "\n" + mail.html)
        keyed = [link for link in links if "/reset/key/" in link]
        base = f"http://atelier.localhost{settings.BASE_PORT}/accounts/password/reset/key/"
        assert keyed and all(link.startswith(base) for link in keyed)

    @pytest.mark.parametrize("host", ["atelier.localhost:6666", "atelier.localhost.", "ATELIER.localhost"])
    def test_reset_link_does_not_contain_the_request_host(self, people, settings, host):
        """The link carries a key: whoever asks for it must not choose where it leads."""
        mail = forgotten(host, people.member.email)
        content = mail.subject + mail.text + mail.html
        assert f"http://atelier.localhost{settings.BASE_PORT}/accounts/password/reset/key/" in content
        assert "6666" not in content and "localhost./" not in content and "ATELIER" not in content

    def test_reset_link_of_an_operator_leads_to_the_public_host(self, people, settings):
        mail = forgotten("localhost", people.operator.email)
        assert f"http://localhost{settings.BASE_PORT}/accounts/password/reset/key/" in mail.text
        assert mail.subject.startswith("[Ruche] ")

    def test_reset_page_does_not_reveal_whether_an_account_exists(self, people):
        answers = []
        for email in (people.member.email, "personne@atelier.test"):
            client = Client(headers={"host": people.home.domain})
            answer = client.post("/accounts/password/reset/", {"email": email}, follow=True)
            answers.append((answer.status_code, answer.redirect_chain))
        assert answers[0] == answers[1]
        assert forgotten(people.home.domain, "personne@atelier.test") is None

    def test_address_of_another_workspace_gets_no_reset_link(self, people):
        assert forgotten(people.home.domain, people.stranger.email) is None


class TestAddress:
    def code(self) -> str:
        with public_context():
            match = re.search(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4})\s*$", OutboxMessage.objects.latest("pk").text, re.M)
        assert match
        return match[1]

    def ask(self, client, email: str):
        """The new address, then the password that is asked for once more."""
        response = client.post("/accounts/email/", {"action_add": "", "email": email})
        assert response["Location"].startswith("/accounts/reauthenticate/")
        return client.post(response["Location"], {"password": PASSWORD, "next": "/accounts/email/"})

    def move(self, client, email: str) -> None:
        self.ask(client, email)
        client.post("/accounts/confirm-email/", {"code": self.code()})

    def test_confirmed_address_replaces_the_old_one(self, people, client_for):
        self.move(client_for(people.member), "Neuf@atelier.test")
        assert User.objects.get(pk=people.member.pk).email == "neuf@atelier.test"
        assert signed_in(sign_in(people.home.domain, "neuf@atelier.test")[0])
        assert not signed_in(sign_in(people.home.domain)[0])

    def test_address_is_not_changed_without_its_code(self, people, client_for):
        client = client_for(people.member)
        self.ask(client, "neuf@atelier.test")
        client.post("/accounts/confirm-email/", {"code": "AAAA-AAAA"})
        assert User.objects.get(pk=people.member.pk).email == "member@atelier.test"

    def test_address_change_requires_reauthentication(self, people, client_for):
        client = client_for(people.member)
        with public_context():
            before = OutboxMessage.objects.count()
        response = client.post("/accounts/email/", {"action_add": "", "email": "neuf@atelier.test"})
        refused = client.post(response["Location"], {"password": "faux", "next": "/accounts/email/"})
        assert refused.status_code == 200 and "Confirmez que c’est bien vous" in refused.content.decode()
        with public_context():
            assert OutboxMessage.objects.count() == before, "no code goes to an address nobody proved to want"

    def test_old_address_is_notified(self, people, client_for):
        self.move(client_for(people.member), "neuf@atelier.test")
        with public_context():
            notice = OutboxMessage.objects.latest("pk")
        assert notice.to == ["member@atelier.test"]
        assert notice.subject == "[Atelier] Votre adresse e-mail a changé"
        assert "passe de member@atelier.test à neuf@atelier.test" in notice.text

    def test_address_of_another_account_is_refused(self, people, client_for):
        self.move(client_for(people.member), "OWNER@atelier.test")
        assert User.objects.get(pk=people.member.pk).email == "member@atelier.test"
        assert User.objects.get(pk=people.owner.pk).email == "owner@atelier.test"


@pytest.mark.parametrize("written", ["Élodie@Atelier.test", "élodie@atelier.TEST"])
def test_addresses_that_differ_in_case_belong_to_one_account(people, written):
    person = user_create(email="élodie@atelier.test", password=PASSWORD, role=Role.MEMBER)
    assert User.objects.get_by_natural_key(written) == person
    assert User.objects.filter(email=written).get() == person
    assert not User.objects.filter(email="elodie@atelier.test").exists()
