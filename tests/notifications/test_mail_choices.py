"""Links of mails: one click stops, a page chooses; both without signing in."""

import re

import pytest
from django.test import Client

from accounts.models import User
from mailing import services as mailing
from mailing.models import OutboxMessage
from mailing.outgoing import message_of
from notifications import mail_choices, mail_links, selectors, services
from notifications.models import Notification, Preference
from tenants.context import tenant_context

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def path_of(people, kinds=("item_published",)):
    return re.sub(r"^https?://[^/]+", "", mail_links.url_of(people.admin, kinds))


def mail_of(person, kind):
    return selectors.preferences(person)[kind].mail


@pytest.fixture
def mailbox_server(people):
    """A client that checks tokens of forms and has no cookies, as the server of a mailbox."""
    return Client(headers={"host": people.home.domain}, enforce_csrf_checks=True)


def test_a_notification_mail_carries_both_headers_and_the_link(people, item_mailed):
    row = item_mailed
    link = row.headers["List-Unsubscribe"].strip("<>")
    assert row.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" and row.kind == "notification"
    assert link in row.text and link in row.html and people.home.domain in link
    assert message_of(row).message()["List-Unsubscribe"] == f"<{link}>"


@pytest.fixture
def item_mailed(people):
    services.save_preferences(people.admin, {"item_published": (True, "now")})
    from library.models import Item

    item = Item.objects.create(kind="text", title="Plan", text="…", author=people.member, visibility="workspace")
    services.notify(people.admin, "item_published", subject_id=item.pk, actor=people.member)
    return OutboxMessage.objects.latest("pk")


def test_one_click_stops_these_mails_and_leaves_the_bell(people, mailbox_server):
    services.save_preferences(people.admin, {"item_published": (True, "now"), "member_joined": (True, "now")})
    answer = mailbox_server.post(path_of(people), ONE_CLICK)
    assert answer.status_code == 200 and "session" not in answer.cookies
    assert (mail_of(people.admin, "item_published"), mail_of(people.admin, "member_joined")) == ("off", "now")
    assert Preference.objects.get(person=people.admin, kind="item_published").in_app
    assert mailbox_server.post(path_of(people), ONE_CLICK).status_code == 200


def test_reading_the_page_changes_nothing(people, mailbox_server):
    page = mailbox_server.get(path_of(people))
    assert (
        page.status_code == 200 and "no-store" in page["Cache-Control"] and people.admin.email in page.content.decode()
    )
    assert mailbox_server.head(path_of(people)).status_code == 200
    assert not Preference.objects.filter(person=people.admin).exists()


def test_the_page_saves_choices_and_keeps_what_the_bell_shows(people, mailbox_server):
    services.save_preferences(people.admin, {"conversation_shared": (False, "digest")})
    page = mailbox_server.get(path_of(people)).content.decode()
    hidden = dict.fromkeys(re.findall(r'type="hidden" name="([^"]+)"', page), "on")
    assert "conversation_shared_app" not in hidden and "item_published_app" in hidden
    mails = {"item_published_mail": "off", "conversation_shared_mail": "now", "member_joined_mail": "digest"}
    mails |= {"advice_mail": "now", "weekly_mail": "now"}
    assert mailbox_server.post(path_of(people), hidden | mails | {"save": "1"}).status_code == 200
    chosen = selectors.preferences(people.admin)
    assert (chosen["item_published"].mail, chosen["item_published"].in_app) == ("off", True)
    assert (chosen["conversation_shared"].mail, chosen["conversation_shared"].in_app) == ("now", False)
    assert mailbox_server.post(path_of(people), {"save": "1", "item_published_mail": "often"}).status_code == 422


@pytest.mark.parametrize("change", ["cut", "next door", "gone", "inactive", "another purpose"])
def test_a_link_that_does_not_hold_changes_nothing(people, mailbox_server, change):
    path, client = path_of(people), mailbox_server
    if change == "cut":
        path = path[:-6] + "/"
    elif change == "next door":
        client = Client(headers={"host": people.away.domain})
    elif change == "gone":
        Notification.objects.all().delete()
        User.objects.filter(pk=people.admin.pk).delete()
    elif change == "inactive":
        User.objects.filter(pk=people.admin.pk).update(is_active=False)
    else:
        from tenants import signing

        path = f"/notifications/mails/{signing.sign('share', [people.admin.pk.hex, ['item_published']])}/"
    assert client.post(path, ONE_CLICK).status_code == 404
    for tenant in (people.home, people.away):
        with tenant_context(tenant):
            assert not Preference.objects.exists()


def test_who_unsubscribes_at_the_provider_gets_no_more_of_what_may_be_stopped(people):
    mail_choices.address_stop(people.admin.email.upper())
    chosen = selectors.preferences(people.admin)
    assert {row.mail for row in chosen.values() if row.kind not in ("quota_reached", "state_changed")} == {"off"}
    mail_choices.address_stop("nobody@x.test")


def test_only_transactional_mail_goes_without_a_link(people):
    for template, url in (("win_back_kept", ""), ("workspaces", "https://x.test/")):
        with pytest.raises(ValueError, match="go together"):
            mailing.send(template=template, to="a@b.test", context={}, unsubscribe_url=url)
