"""From the form to the workspace, and every way it goes otherwise."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Role, User
from billing.models import TermsAcceptance
from events.models import StoredFact
from mailing.models import OutboxMessage
from signup.jobs import sweep
from signup.models import SignupRequest
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tenants.selectors import tenant_ref
from tests.signup.conftest import PASSWORD, mails, requests, solved


def workspace(slug="la-rive"):
    with public_context():
        row = Tenant.objects.filter(slug=slug).first()
    return row and tenant_ref(row.pk)


def arrives(client_for, tenant, url):
    """Whether the address of the handoff leads its owner in, to the home page or the first steps."""
    browser = client_for(None, host=tenant.domain)
    answer = browser.get("/" + url.split("/", 3)[3], follow=True)
    return answer.redirect_chain[0] == ("/", 302) and answer.status_code == 200 and "Zoé" in answer.content.decode()


def test_a_stranger_has_a_workspace_and_is_signed_in_there(stranger, client_for):
    answer = stranger.ask(proof=solved())
    assert answer.status_code == 302 and requests() == 1
    page = stranger.client.get(answer.url).content.decode()
    assert "zoe@rive.test" in page and workspace() is None
    code, link = stranger.mail()
    answer = stranger.client.post(answer.url, {"code": f"{code[:3]} {code[3:]}"})
    assert (answer.status_code, answer.url) == (302, link)
    answer = stranger.client.get(link)
    assert answer.status_code == 200 and "form-action 'self' http://*.localhost" in answer["Content-Security-Policy"]
    answer = stranger.open(link)
    tenant = workspace()
    assert (tenant.name, tenant.plan_code, tenant.state) == ("La Rive", "pro", "trial")
    assert answer.status_code == 302 and answer.url.startswith(f"http://{tenant.domain}")
    assert answer["Referrer-Policy"] == "no-referrer"
    with tenant_context(tenant):
        owner = User.objects.get()
        assert (owner.email, owner.name, owner.role) == ("zoe@rive.test", "Zoé", Role.OWNER)
        assert owner.check_password(PASSWORD) and not owner.must_change_password
    assert arrives(client_for, tenant, answer.url)


def test_what_a_sign_up_leaves_is_recorded(stranger):
    stranger.ask(proof=solved())
    with public_context():
        request = SignupRequest.objects.get()
    stranger.open(stranger.mail()[1])
    tenant = workspace()
    with public_context():
        names = list(StoredFact.objects.filter(subject_id=request.pk).values_list("name", "data"))
        assert names == [("signup.requested", {"plan": "pro", "has_proof": True})]
        about_workspace = StoredFact.objects.filter(tenant_id=tenant.id, subject_id=tenant.id)
        assert set(about_workspace.values_list("name", flat=True)) == {"workspace.created", "signup.completed"}
        accepted = TermsAcceptance.objects.get(tenant_id=tenant.id)
        assert (accepted.act, accepted.plan_code, accepted.origin) == ("sign_up", "pro", "203.0.113.7")
        assert accepted.reference == str(request.pk) and accepted.person == "zoe@rive.test"
        entry = AuditEntry.objects.get(action="tenant.created", target="la-rive")
        assert entry.actor == "inscription"
        welcome = OutboxMessage.objects.get(tenant_id=tenant.id)
        assert PASSWORD not in welcome.text + welcome.html


def test_a_form_sent_twice_is_one_request_and_one_mail(stranger):
    form = stranger.form(proof=solved())
    first, second = (stranger.client.post("/inscription/", form) for _ in range(2))
    assert first.url == second.url and requests() == 1 and mails() == 1


@pytest.mark.parametrize("changed", [{"name": "Zoé Rive"}, {"plan": "starter"}, {"slug": "la-rive-2"}])
def test_a_form_changed_after_the_back_button_is_another_request(stranger, changed):
    form = stranger.form(proof=solved())
    first = stranger.client.post("/inscription/", form)
    second = stranger.client.post("/inscription/", form | changed | {"proof": solved()})
    assert first.url != second.url and requests() == 2 and mails() == 2


def test_the_back_button_and_another_address_is_another_request(stranger):
    form = stranger.form()
    first = stranger.client.post("/inscription/", form)
    second = stranger.client.post("/inscription/", form | {"email": "zoe@ailleurs.test"})
    assert first.url != second.url and requests() == 2
    page = stranger.client.get(f"/inscription/?demande={first.url.split('/')[-2]}").content.decode()
    assert 'value="zoe@rive.test"' in page and 'value="la-rive"' in page


def test_a_workspace_opened_twice_is_one_and_both_answers_sign_in(stranger, client_for):
    stranger.ask()
    link = stranger.mail()[1]
    first, second = stranger.open(link), stranger.open(link)
    with public_context():
        assert Tenant.objects.filter(email="zoe@rive.test").count() == 1
    for answer in (first, second):
        assert arrives(client_for, workspace(), answer.url)


def test_a_used_link_tells_where_to_sign_in_and_another_password_opens_nothing(stranger, another):
    stranger.ask()
    link = stranger.mail()[1]
    stranger.open(link)
    for answer in (another.client.get(link), another.open(link, password="un-autre-essai-long")):
        assert answer.status_code == 410 and "la-rive.localhost" in answer.content.decode()


def test_two_tabs_for_one_slug_the_second_chooses_another_and_keeps_what_was_typed(stranger, another):
    stranger.ask()
    first = stranger.mail()[1]
    another.ask()
    second = another.mail()[1]
    assert first != second and stranger.open(first).status_code == 302
    answer = another.open(second, workspace="La Rive bis")
    page = answer.content.decode()
    assert answer.status_code == 400 and "déjà prise" in page and 'value="La Rive bis"' in page
    assert "la-rive-bis" in page
    assert another.open(second, workspace="La Rive bis", slug="la-rive-bis").status_code == 302
    assert workspace("la-rive-bis").name == "La Rive bis"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slug": "atelier"}, "déjà prise"),
        ({"slug": "admin"}, "réservé"),
        ({"slug": "La Rive!"}, "minuscules"),
        ({"email": "zoe@mailinator.com"}, "jetable"),
        ({"email": "zoe@rive"}, "valide"),
        ({"website": "http://spam.test"}, "vérifiée"),
        ({"accept": ""}, "Acceptez"),
        ({"terms_version": ""}, "viennent de changer"),
        ({"plan": "none"}, "none"),
        ({"workspace": "La\nRive"}, "saut de ligne"),
    ],
)
def test_a_refused_form_says_why_keeps_its_input_and_leaves_nothing(stranger, changes, said):
    answer = stranger.ask(**changes)
    page = answer.content.decode()
    assert answer.status_code == 400 and said in page and 'value="Zoé"' in page
    assert requests() == mails() == 0


def test_without_javascript_the_slug_comes_from_the_name(stranger):
    stranger.ask(slug="", workspace="L’Œuvre & Cie")
    with public_context():
        assert SignupRequest.objects.get().slug == "l-oeuvre-cie"


def test_a_weak_password_makes_nothing_and_the_link_stays(stranger):
    stranger.ask()
    link = stranger.mail()[1]
    answer = stranger.open(link, password="court")
    assert answer.status_code == 400 and workspace() is None
    assert stranger.open(link).status_code == 302


def test_a_failure_while_the_workspace_is_made_leaves_nothing(stranger, monkeypatch):
    stranger.ask()
    link = stranger.mail()[1]
    stranger.client.raise_request_exception = False
    with monkeypatch.context() as patched:
        # The last act of the transaction fails.
        patched.setattr("signup.services.terms.record_sign_up", lambda *_, **__: 1 / 0)
        assert stranger.open(link).status_code == 500
    with public_context():
        assert not Tenant.objects.filter(slug="la-rive").exists()
        assert not OutboxMessage.objects.filter(tenant_slug="la-rive").exists()
        assert SignupRequest.objects.get().tenant_id is None
    assert stranger.open(link).status_code == 302


def test_a_code_is_tried_five_times_and_ended_by_the_next(stranger):
    path = stranger.ask().url
    code, _link = stranger.mail()
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert stranger.client.post(path, {"code": wrong}).status_code == 400
    assert stranger.client.post(path, {"code": code}).status_code == 400
    assert stranger.client.post(path, {"resend": "1"}).status_code == 200
    fresh = stranger.mail()[0]
    assert stranger.client.post(path, {"code": fresh}).status_code == 302
    with public_context():
        row = SignupRequest.objects.get()
    assert fresh not in row.code_digest and mails() == 2


def test_codes_are_mailed_four_times_at_most(stranger):
    path = stranger.ask().url
    answers = [stranger.client.post(path, {"resend": "1"}).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429] and mails() == 4


def test_an_expired_request_opens_nothing_and_is_swept(stranger):
    path = stranger.ask().url
    code, link = stranger.mail()
    with public_context():
        SignupRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for answer in (
        stranger.client.get(path),
        stranger.client.post(path, {"code": code}),
        stranger.client.get(link),
        stranger.open(link),
    ):
        assert answer.status_code == 410
    assert workspace() is None and sweep() == 1 and requests() == 0


@pytest.mark.parametrize("token", ["x", "x:y:z", "é", "0" * 400])
def test_a_made_up_link_is_refused(stranger, token):
    assert stranger.client.get(f"/inscription/ouvrir/{token}/").status_code == 410


def test_a_link_is_opened_by_get_without_effect(stranger):
    stranger.ask()
    link = stranger.mail()[1]
    assert [stranger.client.get(link).status_code for _ in range(2)] == [200, 200] and workspace() is None


def test_the_answer_is_the_same_for_an_address_with_an_account(stranger, another, people):
    known, unknown = stranger.ask(email=people.owner.email), another.ask(slug="la-rive-2")
    assert known.status_code == unknown.status_code == 302
    pages = [
        re.sub(r"X-CSRFToken.*|name=.csrf.*", "", client.get(answer.url).content.decode())
        .replace(email, "")
        .replace(answer.url.split("/")[-2], "")
        for client, answer, email in (
            (stranger.client, known, people.owner.email),
            (another.client, unknown, "zoe@rive.test"),
        )
    ]
    assert pages[0] == pages[1] and mails() == 1


def test_the_mail_holds_nothing_that_the_stranger_typed(stranger):
    stranger.ask(workspace="Gagnez un million", name="Prince", slug="gagnez")
    with public_context():
        row = OutboxMessage.objects.get(to=["zoe@rive.test"])
    assert "Gagnez" not in row.text + row.html + row.subject and "Prince" not in row.text + row.html
    assert row.carries_secret


def test_in_english(stranger):
    stranger.client.cookies["language"] = "en"
    answer = stranger.ask()
    assert answer.status_code == 302
    with public_context():
        assert "Type this code" in OutboxMessage.objects.get(to=["zoe@rive.test"]).text
    stranger.open(stranger.mail()[1])
    assert workspace().language == "en"
