"""Conversations, answers and files of the library's tests."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from library import services
from library.models import Item
from tenants.context import current_tenant
from tenants.ids import new_id

Made = Callable[..., Item]


@pytest.fixture
def conversation_of() -> Callable[..., Any]:
    from assistants.models import Assistant
    from conversations.models import Conversation

    def make(person: Any, visibility: str = "private") -> Conversation:
        assistant = Assistant.objects.earliest("pk")
        return Conversation.objects.create(
            author=person, assistant_id=assistant.pk, title="Une conversation", visibility=visibility
        )

    return make


@pytest.fixture
def answer(conversation_of: Callable[..., Any]) -> Made:
    """An answer kept, as conversations keep it."""

    def make(person: Any, text: str = "Le texte de la réponse.", **fields: Any) -> Item:
        visibility = fields.pop("visibility", "private")
        conversation = fields.pop("conversation", None) or conversation_of(person, visibility)
        values = {"title": "Une réponse", "kind": "text", "message_id": new_id(), "provenance": {}} | fields
        return services.item_save_answer(conversation_id=conversation.pk, author_id=person.pk, text=text, **values)

    return make


@pytest.fixture
def upload() -> Made:
    def make(person: Any, content: bytes, name: str = "fichier.bin", **fields: Any) -> Item:
        return services.item_upload(author=person, file=io.BytesIO(content), name=name, size=len(content), **fields)

    return make


@pytest.fixture
def kept_files() -> Callable[[], list[Path]]:
    """The files of the workspace in context that stand on the disk; none yet, whatever other folders' tests left."""
    _remove_files()

    def look() -> list[Path]:
        root = Path(settings.STORAGES["default"]["OPTIONS"]["location"]) / current_tenant().file_prefix
        return sorted(path for path in root.rglob("*") if path.is_file())

    return look


@pytest.fixture(autouse=True)
def no_files_left() -> Any:
    """Rows are rolled back by every test; files are not."""
    yield
    _remove_files()


def _remove_files() -> None:
    shutil.rmtree(settings.STORAGES["default"]["OPTIONS"]["location"], ignore_errors=True)


@pytest.fixture
def set_state() -> Callable[..., None]:
    """Put the workspace at home into a state, in its row."""
    from tenants import selectors
    from tenants.models import Tenant

    def move(tenant: Any, state: str) -> None:
        Tenant.objects.filter(pk=tenant.id).update(state=state)
        selectors.forget_hosts(tenant.id)

    return move
