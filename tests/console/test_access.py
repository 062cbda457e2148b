"""Access to the console: operators on the public host, with the platform's sign-in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Role, User
from console.site import RucheAdminSite
from tests.people import PASSWORD, People


def test_admin_site_is_ruches(people: People) -> None:
    assert isinstance(getattr(admin.site, "_wrapped", admin.site), RucheAdminSite)


@pytest.mark.parametrize("path", ["/admin/", "/admin/tenants/tenant/", "/admin/usage/usageevent/"])
def test_anonymous_user_is_redirected_to_sign_in(client_for: Callable[..., Client], settings: Any, path: str) -> None:
    response = client_for(None, host=settings.BASE_HOST).get(path)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


def test_admin_sign_in_redirects_to_the_platforms(client_for: Callable[..., Client], settings: Any) -> None:
    client = client_for(None, host=settings.BASE_HOST)
    for response in (client.get("/admin/login/?next=/admin/"), client.post("/admin/login/", {"username": "x"})):
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=/")


def test_operator_signs_in(client_for: Callable[..., Client], people: People, settings: Any) -> None:
    client = client_for(None, host=settings.BASE_HOST)
    response = client.post("/accounts/login/?next=/admin/", {"login": people.operator.email, "password": PASSWORD})
    assert response["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("person", ["owner", "admin", "member", "learner", "stranger"])
def test_admin_is_a_404_for_members(
    client_for: Callable[..., Client], people: People, settings: Any, person: str
) -> None:
    client = client_for(getattr(people, person))
    assert client.get("/admin/").status_code == 404
    assert client.get("/admin/tenants/tenant/").status_code == 404
    # Their cookie is worth nothing on the public host.
    response = client.get("/admin/", headers={"host": settings.BASE_HOST})
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_public_user_without_operator_role_is_refused(client_for: Callable[..., Client]) -> None:
    person = User.objects.create_user("staff@platform.test", PASSWORD, role=Role.MEMBER, is_staff=True)
    client = Client(headers={"host": "localhost"})
    client.force_login(person)
    assert client.get("/admin/").status_code == 403


def test_unsafe_eval_is_allowed_in_the_console_only(console: Client) -> None:
    inside = console.get("/admin/")["Content-Security-Policy"]
    outside = console.get("/")["Content-Security-Policy"]
    assert "'unsafe-eval'" in inside
    assert "frame-ancestors 'none'" in inside
    assert "unsafe" not in outside


def test_operator_is_added_and_deactivated(console: Client, people: People) -> None:
    data = {"email": "Neuve@platform.test", "name": "Neuve", "password1": "cinq-abeilles-bleues"}
    assert console.post("/admin/accounts/user/add/", data | {"password2": "autre"}).status_code == 200
    assert not User.objects.filter(email="neuve@platform.test").exists()
    console.post("/admin/accounts/user/add/", data | {"password2": data["password1"]})
    created = User.objects.get(email="neuve@platform.test")
    assert created.check_password(data["password1"]) and created.role == Role.OPERATOR
    act = AuditEntry.objects.get(action="operator.created", target=created.email)
    assert act.actor == people.operator.email
    other = Client(headers={"host": "localhost"})
    other.force_login(created)
    assert other.get("/admin/").status_code == 200
    console.post(f"/admin/accounts/user/{created.pk}/deactivate/", {"reason": "départ"})
    assert other.get("/admin/").status_code == 302
    assert AuditEntry.objects.get(action="operator.deactivated").details["reason"] == "départ"


def test_operator_cannot_deactivate_themselves(console: Client, people: People) -> None:
    url = f"/admin/accounts/user/{people.operator.pk}/deactivate/"
    assert console.post(url, {"reason": "par erreur"}).status_code == 403
    assert User.objects.get(pk=people.operator.pk).is_active


def test_every_page_opens(console: Client, people: People) -> None:
    site = getattr(admin.site, "_wrapped", admin.site)
    assert len(site._registry) >= 15
    for model, page in site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert console.get(reverse(f"{name}_changelist")).status_code == 200, name
        assert console.get(reverse(f"{name}_changelist"), {"q": "abc"}).status_code == 200, name
        add = console.get(reverse(f"{name}_add"))
        assert add.status_code in ((200, 302) if page.has_add_permission(add.wsgi_request) else (302, 403)), name


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("/admin/billing/plan/", "/admin/plans/plan/"),
        ("/admin/billing/plan/pro/change/", "/admin/plans/plan/pro/change/"),
        ("/admin/billing/usageevent/?q=demo&p=2", "/admin/usage/usageevent/?q=demo&p=2"),
    ],
)
def test_former_url_redirects_to_the_current_one(console, former, present):
    answer = console.get(former)
    assert (answer.status_code, answer["Location"]) == (301, present)


def test_former_url_redirects_anonymous_users_to_sign_in(client):
    answer = client.get("/admin/billing/plan/", headers={"host": "localhost"})
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
