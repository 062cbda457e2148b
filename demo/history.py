"""Generation of the usage history of one workspace.

A conversation produces the rows that `conversations.services` writes: messages, an item of the library, a usage event,
tokens and euros in the quota counters of the month, and the figures of the day, with equal totals.
"""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F
from django.utils import timezone

from accounts.models import AuditEntry, User
from analytics.models import ActiveMember, DailyFigures
from assistants.costs import cost_of
from assistants.models import Assistant, Price
from assistants.providers.types import Usage
from conversations.models import Conversation, Message, Pin
from demo.backdating import id_at, insert
from demo.texts import Script
from library.models import Item
from plans.meters import Slot
from plans.types import AI_EUROS, TOKENS
from tenants.context import TenantRef
from tenants.ids import new_id
from ui.markdown import plain_title
from usage import counters
from usage import services as usage_services
from usage.models import UsageEvent

TURN_INTERVAL = dt.timedelta(minutes=4)
STORAGE = "storage"
EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
# Percentages of everyday answers that the user stops, and that fail at the provider.
STOPPED_PERCENT, FAILED_PERCENT = 2, 1


@dataclass(frozen=True)
class PlannedConversation:
    """A conversation to write, with its author, assistant and start."""

    author: User
    assistant: Assistant
    at: dt.datetime
    script: Script
    is_everyday: bool = False


@dataclass
class Day:
    """Figures and active members of one day."""

    figures: dict[str, Any] = field(default_factory=lambda: defaultdict(Decimal))
    people: set[UUID] = field(default_factory=set)
    last: dt.datetime = EARLIEST


class HistoryBuilder:
    """Collects rows, then inserts them in the workspace's context and the caller's transaction."""

    def __init__(self, tenant: TenantRef, prices: Sequence[Price], rng: random.Random) -> None:
        self.tenant, self.prices, self.rng = tenant, prices, rng
        self.rows: dict[type[models.Model], list[models.Model]] = defaultdict(list)
        self.days: dict[dt.date, Day] = defaultdict(Day)
        self.used: dict[tuple[str, dt.date], Decimal] = defaultdict(Decimal)
        self.stored_bytes = 0

    def add(self, planned: PlannedConversation) -> Conversation:
        script = planned.script
        visibility = "workspace" if "shared" in script.flags else "private"
        last = planned.at + TURN_INTERVAL * (len(script.turns) - 1) + dt.timedelta(seconds=40)
        conversation = Conversation(
            id=id_at(planned.at),
            author=planned.author,
            assistant_id=planned.assistant.pk,
            title=script.title[:120],
            visibility=visibility,
            archived_at=last + dt.timedelta(days=1) if "archived" in script.flags else None,
            created_at=planned.at,
            active_at=last,
        )
        self.rows[Conversation].append(conversation)
        if "pinned" in script.flags:
            self.rows[Pin].append(Pin(conversation=conversation, person=planned.author, created_at=last))
        previous_text = ""
        for number, (question_text, answer_text) in enumerate(script.turns):
            at = planned.at + TURN_INTERVAL * number
            self._add_exchange(planned, conversation, at, question_text, answer_text, previous_text)
            previous_text += question_text + answer_text
        if visibility == "workspace":
            details = {"visibility": visibility}
            self._audit("conversation.visibility", planned.author, str(conversation.pk), last, details)
        return conversation

    def _add_exchange(
        self,
        planned: PlannedConversation,
        conversation: Conversation,
        at: dt.datetime,
        question_text: str,
        answer_text: str,
        previous_text: str,
    ) -> None:
        outcome = self._outcome() if planned.is_everyday else "done"
        text = {"failed": "", "stopped": answer_text[: len(answer_text) * 3 // 5].rstrip()}.get(outcome, answer_text)
        price = self._price(at, planned.assistant)
        version = planned.assistant.current_version
        if version is None:
            raise RuntimeError(f"no prompt in service: {planned.assistant.code}")
        usage = self._usage(version.text, question_text, text, previous_text)
        first_token_ms = self.rng.randint(280, 900)
        latency = first_token_ms + 22 * usage.output_tokens + self.rng.randint(0, 400)
        cost = cost_of(usage, price)
        begun = at + dt.timedelta(seconds=1)
        ended = begun + dt.timedelta(milliseconds=latency)
        common = {"provider": price.model.provider, "model": price.model.name, "price_id": price.pk, "cost": cost}
        answer = Message(
            id=id_at(begun),
            conversation=conversation,
            role=Message.Role.ASSISTANT,
            state={"stopped": "interrupted", "failed": "failed"}.get(outcome, "done"),
            text=text,
            prompt_version_id=version.pk,
            stopped=outcome == "stopped",
            error_kind="overloaded" if outcome == "failed" else "",
            tokens=usage.total_tokens,
            created_at=begun,
            finished_at=ended,
            **common,
        )
        question = Message(
            id=id_at(at), conversation=conversation, role=Message.Role.USER, text=question_text, created_at=at
        )
        self.rows[Message] += [question, answer]
        self.rows[UsageEvent].append(
            UsageEvent(
                id=id_at(ended),
                at=ended,
                tenant_id=self.tenant.id,
                tenant_slug=self.tenant.slug,
                member_id=planned.author.pk,
                member_email=planned.author.email,
                assistant_id=planned.assistant.pk,
                assistant_name=planned.assistant.name,
                prompt_version_id=version.pk,
                prompt_version=str(version),
                reference=answer.pk,
                input_tokens=usage.input_tokens,
                cache_read_tokens=usage.cache_read_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                output_tokens=usage.output_tokens,
                first_token_ms=first_token_ms,
                latency_ms=latency,
                outcome=outcome,
                error_kind=answer.error_kind,
                **common,
            )
        )
        self._add_figures(
            planned.author, ended, answers=1, failures=int(outcome == "failed"), tokens=usage.total_tokens, cost=cost
        )
        month = timezone.localtime(ended).date().replace(day=1)
        self.used[TOKENS, month] += usage.total_tokens
        self.used[AI_EUROS, month] += cost
        if text and outcome != "failed":
            self._add_library_item(planned, conversation, answer, version)

    def _add_library_item(
        self, planned: PlannedConversation, conversation: Conversation, answer: Message, version: Any
    ) -> None:
        produces = planned.assistant.produces
        self.add_item(
            planned.author,
            answer.finished_at or answer.created_at,
            kind="text" if produces == "image" else produces,
            title=(plain_title(answer.text) or conversation.title)[:200],
            text=answer.text,
            size=len(answer.text.encode()),
            visibility=conversation.visibility,
            conversation=conversation,
            message_id=answer.pk,
            provenance={
                "assistant": planned.assistant.name,
                "prompt_version": str(version),
                "provider": answer.provider,
                "model": answer.model,
                "tokens": str(answer.tokens),
                "cost": format(answer.cost, "f"),
            },
        )

    def add_item(self, author: User, at: dt.datetime, **fields: Any) -> None:
        """Add an item of the library."""
        values = {"id": id_at(at), "author": author, "created_at": at, "updated_at": at, "tags": []} | fields
        item = Item(**values)
        self.rows[Item].append(item)
        self.stored_bytes += item.size
        self._add_figures(author, at, contents=1)
        if item.file:
            self._audit("library.upload", author, f"item:{item.pk}", at, {"kind": item.kind, "bytes": item.size})

    def _audit(self, action: str, actor: User, target: str, at: dt.datetime, details: dict[str, Any]) -> None:
        self.rows[AuditEntry].append(
            AuditEntry(
                id=id_at(at),
                at=at,
                actor_id=actor.pk,
                actor=actor.email,
                action=action,
                target=target,
                details=details,
            )
        )

    def write(self) -> None:
        """Insert the collected rows, a few statements for all."""
        if self.stored_bytes:
            # Before the rows, because a counter that does not exist yet is initialized from the rows.
            usage_services.grow(STORAGE, self.stored_bytes, bounded=False)
        for model in (Conversation, Pin, Message, Item, AuditEntry, UsageEvent):
            insert(self.rows[model])
        for (meter, month), amount in self.used.items():
            slot = Slot(month, 0)
            counters.add_counter(self.tenant.id, meter, slot, Decimal(0))
            counters.grow(self.tenant.id, counters.Claim(meter, slot, amount, None))
        self._write_days()

    def _write_days(self) -> None:
        existing_days = set(DailyFigures.objects.filter(tenant_id=self.tenant.id).values_list("day", flat=True))
        recorded = set(ActiveMember.objects.filter(tenant_id=self.tenant.id).values_list("day", "member_id"))
        new_rows = []
        for day, totals in sorted(self.days.items()):
            new_members = [key for key in sorted(totals.people) if (day, key) not in recorded]
            insert(ActiveMember(id=new_id(), tenant_id=self.tenant.id, day=day, member_id=key) for key in new_members)
            figures = {**totals.figures, "active_members": len(new_members)}
            rows = DailyFigures.objects.filter(tenant_id=self.tenant.id, day=day)
            if day in existing_days:
                rows.update(**{name: F(name) + value for name, value in figures.items()})
            else:
                new_rows.append(
                    DailyFigures(id=new_id(), tenant_id=self.tenant.id, day=day, last_activity=totals.last, **figures)
                )
        insert(new_rows)

    def _add_figures(self, author: User, at: dt.datetime, **figures: Any) -> None:
        day = self.days[timezone.localtime(at).date()]
        day.people.add(author.pk)
        day.last = max(at, day.last)
        for name, value in figures.items():
            day.figures[name] += value

    def _outcome(self) -> str:
        percent = self.rng.randrange(100)
        if percent < FAILED_PERCENT:
            return "failed"
        return "stopped" if percent < FAILED_PERCENT + STOPPED_PERCENT else "done"

    def _price(self, at: dt.datetime, assistant: Assistant) -> Price:
        """The price at that time of the model used for this assistant."""
        in_force = [price for price in self.prices if price.valid_from <= at] or list(self.prices)
        by_model: dict[UUID, Price] = {price.model_id: price for price in in_force}
        by_cost = sorted(by_model.values(), key=lambda price: (price.output_eur, str(price.model_id)))
        # Analysis of figures uses the most expensive model.
        return by_cost[-1] if assistant.code == "performance" or len(by_cost) < 2 else by_cost[-2]

    def _usage(self, system: str, question_text: str, text: str, previous_text: str) -> Usage:
        """Usage estimated at four bytes per token, plus reasoning. Earlier turns are read from the provider's cache."""
        if not text:
            return Usage(0, 0, 0, 0)
        reasoning_tokens = self.rng.randint(2, 5) * _tokens(text)
        if not previous_text:
            return Usage(_tokens(system) + _tokens(question_text), 0, 0, _tokens(text) + reasoning_tokens)
        return Usage(
            _tokens(question_text), _tokens(system) + _tokens(previous_text), 0, _tokens(text) + reasoning_tokens
        )


def _tokens(text: str) -> int:
    return len(text.encode()) // 4 + 3


def prices_of(model_ids: Iterable[UUID]) -> list[Price]:
    """Prices of the models, oldest first."""
    rows = Price.objects.filter(model__in=list(model_ids)).select_related("model")
    return list(rows.order_by("valid_from", "id"))
