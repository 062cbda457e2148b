"""Every URL of all hosts, read from the URL configurations, with an object of `home` for each of its arguments."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.access import Access, declared_access
from billing.stripe import endpoint
from conversations.models import Conversation, Message
from library import services
from library.contents import item_preview
from library.models import Item, Share
from notifications import mail_links
from notifications.models import Notification
from tenants import signing
from tests.people import People
from workspace.models import MemberGroup


@dataclass(frozen=True)
class Url:
    """One pattern: its host ("tenant", "public" or "content"), full name, route with named arguments, access."""

    host: str
    name: str
    route: str
    arguments: tuple[str, ...]
    access: Access | None

    def __str__(self) -> str:
        return f"{self.host} {self.name or self.route}"


def every_url() -> list[Url]:
    found = []
    confs = {"tenant": settings.TENANT_URLCONF, "public": settings.PUBLIC_URLCONF, "content": settings.CONTENT_URLCONF}
    for host, conf in confs.items():
        for pattern, route, name in _walk(get_resolver(conf), "", ""):
            arguments = tuple(pattern.pattern.converters) or tuple(
                getattr(getattr(pattern.pattern, "regex", None), "groupindex", {})
            )
            found.append(Url(host, name, route, arguments, declared_access(pattern.callback, name)))
    return found


def _walk(resolver: URLResolver, prefix: str, namespace: str) -> Iterator[tuple[URLPattern, str, str]]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern, route, inner)
        else:
            yield pattern, route, f"{namespace}{pattern.name or ''}"


class Objects:
    """One object of each kind, of the member of `home`. A new argument gets its maker here."""

    def __init__(self, people: People) -> None:
        from assistants.models import Assistant

        self.member = people.member
        assistant = Assistant.objects.get(code="general")
        self.conversation = Conversation.objects.create(author=people.member, assistant=assistant, title="Secret")
        Message.objects.create(conversation=self.conversation, role="user", text="Question secrète")
        self.message = Message.objects.create(conversation=self.conversation, role="assistant", text="Réponse secrète")
        self.item = Item.objects.create(kind="text", title="Secret", text="Contenu secret", author=people.member)
        self.share = Share.objects.create(
            item=self.item, created_by=people.member, expires_at=timezone.now() + timedelta(days=1)
        )
        self.notification = Notification.objects.create(
            recipient=people.member, kind="item_published", group="one", updated_at=timezone.now()
        )
        self.group = MemberGroup.objects.create(name="Secret")
        self.makers: dict[str, Callable[[], Any]] = {
            "conversation_id": lambda: self.conversation.pk,
            "message_id": lambda: self.message.pk,
            "item_id": lambda: self.item.pk,
            "share_id": lambda: self.share.pk,
            "token": lambda: signing.sign("share", str(self.share.pk)),
            # Nobody's: tests/signup has requests of strangers.
            "request_id": lambda: self.item.pk,
            "uidb36": lambda: "abc",
            "uuid": lambda: endpoint.endpoint_uuid(),
            "key": lambda: "set-password",
            "notification_id": lambda: self.notification.pk,
            # No workspace of these tests is known to Stripe: tests/workspace/test_plan_pages.py has those that are.
            "invoice_id": lambda: "in_of_nobody",
            "kind": lambda: "pdf",
            "group_id": lambda: self.group.pk,
            # No operator of these tests has a logo.
            "digest": lambda: "0" * 16,
            "page": lambda: "home",
            # tests/website has articles.
            "slug": lambda: "no-article",
            "language": lambda: "fr",
            "version": lambda: "0",
            "member_id": lambda: people.member.pk,
            "hue": lambda: 30,
            "number": lambda: 1,
            # No workspace of these tests has a logo: tests/workspace/test_settings.py has those that do.
            "name": lambda: "none.png",
            "person_id": lambda: people.member.pk,
            # Not the provider in use: tests/mailing has those that are.
            "provider": lambda: "brevo",
            # Of no mail: tests/mailing has those of sequences.
            "click_token": lambda: signing.sign("mailing.click", [self.item.pk.hex, "/library/"]),
            "mail_token": lambda: mail_links.token_of(people.member, ["item_published"]),
        }

    def path(self, url: Url) -> str:
        """The URL of these objects."""
        if url.host == "content":
            return self.content_path(url)
        values = {}
        for argument in url.arguments:
            assert argument in self.makers, f"{url}: say in tests/isolation/urls.py what a `{argument}` of home is"
            values[argument] = self.makers[argument]()
        return fill(url.route, values)

    @property
    def content_item(self) -> Item:
        """A page that the member of `home` brought."""
        if not hasattr(self, "_content_item"):
            data = b"<!doctype html><html><body>Contenu secret</body></html>"
            file = io.BytesIO(data)
            self._content_item = services.item_upload(author=self.member, file=file, name="p.html", size=len(data))
        return self._content_item

    @property
    def content_host(self) -> str:
        """The content host of that page."""
        return self._content_address().split("/")[2].partition(":")[0]

    def content_path(self, url: Url) -> str:
        """The path of its address; of a part of it, which it has not, where the URL is one of parts."""
        path = "/" + self._content_address().split("/", 3)[3]
        return f"{path}a/b.js" if "path" in url.arguments else path

    def _content_address(self) -> str:
        preview = item_preview(self.member, self.content_item)
        assert preview is not None
        return preview.address.url


def fill(route: str, values: dict[str, Any]) -> str:
    import re

    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), route) if "(?P" not in route else route
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda match: str(values[match[1]]), path)
    return "/" + path.replace("^", "").replace("$", "").lstrip("/")
