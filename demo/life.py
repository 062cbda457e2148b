"""The life of one workspace: what its people would have left, had they asked these questions at these moments.

One conversation leaves what `conversations.services` leaves: messages, an item of the library, a line of the ledger,
tokens and euros in the counters of their month, and the figures of the day. All sums are equal.
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
from demo.past import id_at, insert
from demo.texts import Script
from library.models import Item
from plans.meters import Slot
from plans.types import EUROS, TOKENS
from tenants.context import TenantRef
from tenants.ids import new_id
from ui.markdown import plain_title
from usage import counters
from usage import services as usage_services
from usage.models import UsageEvent

TURN = dt.timedelta(minutes=4)
STORAGE = "storage"
LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)
# Of a hundred everyday answers, so many are stopped by their reader, and so many fail at the provider.
STOPPED, FAILED = 2, 1


@dataclass(frozen=True)
class Said:
    """A conversation to be written: whose, with whom, when it began."""

    author: User
    assistant: Assistant
    at: dt.datetime
    script: Script
    is_everyday: bool = False


@dataclass
class Day:
    """The figures of one day, and who was there."""

    figures: dict[str, Any] = field(default_factory=lambda: defaultdict(Decimal))
    people: set[UUID] = field(default_factory=set)
    last: dt.datetime = LONG_AGO


class Life:
    """Gathers rows, then writes them at once, inside the workspace's context and the caller's transaction."""

    def __init__(self, tenant: TenantRef, prices: Sequence[Price], chance: random.Random) -> None:
        self.tenant, self.prices, self.chance = tenant, prices, chance
        self.rows: dict[type[models.Model], list[models.Model]] = defaultdict(list)
        self.days: dict[dt.date, Day] = defaultdict(Day)
        self.used: dict[tuple[str, dt.date], Decimal] = defaultdict(Decimal)
        self.stored = 0

    def add(self, said: Said) -> Conversation:
        script = said.script
        visibility = "workspace" if "shared" in script.flags else "private"
        last = said.at + TURN * (len(script.turns) - 1) + dt.timedelta(seconds=40)
        conversation = Conversation(
            id=id_at(said.at),
            author=said.author,
            assistant_id=said.assistant.pk,
            title=script.title[:120],
            visibility=visibility,
            archived_at=last + dt.timedelta(days=1) if "archived" in script.flags else None,
            created_at=said.at,
            active_at=last,
        )
        self.rows[Conversation].append(conversation)
        if "pinned" in script.flags:
            self.rows[Pin].append(Pin(conversation=conversation, person=said.author, created_at=last))
        before = ""
        for number, (asked, answered) in enumerate(script.turns):
            at = said.at + TURN * number
            self._exchange(said, conversation, at, asked, answered, before)
            before += asked + answered
        if visibility == "workspace":
            details = {"visibility": visibility}
            self._audit("conversation.visibility", said.author, str(conversation.pk), last, details)
        return conversation

    def _exchange(
        self, said: Said, conversation: Conversation, at: dt.datetime, asked: str, answered: str, before: str
    ) -> None:
        outcome = self._outcome() if said.is_everyday else "done"
        text = {"failed": "", "stopped": answered[: len(answered) * 3 // 5].rstrip()}.get(outcome, answered)
        price = self._price(at, said.assistant)
        version = said.assistant.current_version
        if version is None:
            raise RuntimeError(f"no prompt in service: {said.assistant.code}")
        usage = self._usage(version.text, asked, text, before)
        first = self.chance.randint(280, 900)
        latency = first + 22 * usage.output_tokens + self.chance.randint(0, 400)
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
        question = Message(id=id_at(at), conversation=conversation, role=Message.Role.USER, text=asked, created_at=at)
        self.rows[Message] += [question, answer]
        self.rows[UsageEvent].append(
            UsageEvent(
                id=id_at(ended),
                at=ended,
                tenant_id=self.tenant.id,
                tenant_slug=self.tenant.slug,
                member_id=said.author.pk,
                member_email=said.author.email,
                assistant_id=said.assistant.pk,
                assistant_name=said.assistant.name,
                prompt_version_id=version.pk,
                prompt_version=str(version),
                reference=answer.pk,
                input_tokens=usage.input_tokens,
                cache_read_tokens=usage.cache_read_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                output_tokens=usage.output_tokens,
                first_token_ms=first,
                latency_ms=latency,
                outcome=outcome,
                error_kind=answer.error_kind,
                **common,
            )
        )
        self._count(said.author, ended, answers=1, failures=int(outcome == "failed"), **_worth(usage, cost))
        month = timezone.localtime(ended).date().replace(day=1)
        self.used[TOKENS, month] += usage.total_tokens
        self.used[EUROS, month] += cost
        if text and outcome != "failed":
            self._keep(said, conversation, answer, version)

    def _keep(self, said: Said, conversation: Conversation, answer: Message, version: Any) -> None:
        produces = said.assistant.produces
        self.item(
            said.author,
            answer.finished_at or answer.created_at,
            kind="text" if produces == "image" else produces,
            title=(plain_title(answer.text) or conversation.title)[:200],
            text=answer.text,
            size=len(answer.text.encode()),
            visibility=conversation.visibility,
            conversation=conversation,
            message_id=answer.pk,
            provenance={
                "assistant": said.assistant.name,
                "prompt_version": str(version),
                "provider": answer.provider,
                "model": answer.model,
                "tokens": str(answer.tokens),
                "cost": format(answer.cost, "f"),
            },
        )

    def item(self, author: User, at: dt.datetime, **fields: Any) -> None:
        """One content of the library."""
        given = {"id": id_at(at), "author": author, "created_at": at, "updated_at": at, "tags": []} | fields
        item = Item(**given)
        self.rows[Item].append(item)
        self.stored += item.size
        self._count(author, at, contents=1)
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
        """Everything gathered, in a handful of statements."""
        if self.stored:
            # Before the rows: a counter that is not there yet is made of what stands.
            usage_services.grow(STORAGE, self.stored, bounded=False)
        for model in (Conversation, Pin, Message, Item, AuditEntry, UsageEvent):
            insert(self.rows[model])
        for (meter, month), amount in self.used.items():
            slot = Slot(month, 0)
            counters.add_counter(self.tenant.id, meter, slot, Decimal(0))
            counters.grow(self.tenant.id, counters.Wish(meter, slot, amount, None))
        self._write_days()

    def _write_days(self) -> None:
        known = set(DailyFigures.objects.filter(tenant_id=self.tenant.id).values_list("day", flat=True))
        there = set(ActiveMember.objects.filter(tenant_id=self.tenant.id).values_list("day", "member_id"))
        fresh = []
        for day, found in sorted(self.days.items()):
            new = [key for key in sorted(found.people) if (day, key) not in there]
            insert(ActiveMember(id=new_id(), tenant_id=self.tenant.id, day=day, member_id=key) for key in new)
            figures = {**found.figures, "active_members": len(new)}
            rows = DailyFigures.objects.filter(tenant_id=self.tenant.id, day=day)
            if day in known:
                rows.update(**{name: F(name) + value for name, value in figures.items()})
            else:
                fresh.append(
                    DailyFigures(id=new_id(), tenant_id=self.tenant.id, day=day, last_activity=found.last, **figures)
                )
        insert(fresh)

    # parts

    def _count(self, author: User, at: dt.datetime, **figures: Any) -> None:
        day = self.days[timezone.localtime(at).date()]
        day.people.add(author.pk)
        day.last = max(at, day.last)
        for name, value in figures.items():
            day.figures[name] += value

    def _outcome(self) -> str:
        drawn = self.chance.randrange(100)
        return "failed" if drawn < FAILED else "stopped" if drawn < FAILED + STOPPED else "done"

    def _price(self, at: dt.datetime, assistant: Assistant) -> Price:
        """The price in force then of the model that this assistant is answered by."""
        in_force = [price for price in self.prices if price.valid_from <= at] or list(self.prices)
        by_model: dict[UUID, Price] = {price.model_id: price for price in in_force}
        known = sorted(by_model.values(), key=lambda price: (price.output_eur, str(price.model_id)))
        # Who reads figures is given the best of them.
        return known[-1] if assistant.code == "performance" or len(known) < 2 else known[-2]

    def _usage(self, system: str, asked: str, text: str, before: str) -> Usage:
        """About four bytes a token; what was said before is read from the provider's cache; a model that reasons
        uses more than it says.
        """
        if not text:
            return Usage(0, 0, 0, 0)
        thought = self.chance.randint(2, 5) * _tokens(text)
        if not before:
            return Usage(_tokens(system) + _tokens(asked), 0, 0, _tokens(text) + thought)
        return Usage(_tokens(asked), _tokens(system) + _tokens(before), 0, _tokens(text) + thought)


def _tokens(text: str) -> int:
    return len(text.encode()) // 4 + 3


def _worth(usage: Usage, cost: Decimal) -> dict[str, Any]:
    return {"tokens": usage.total_tokens, "cost": cost}


def prices_of(models_wanted: Iterable[UUID]) -> list[Price]:
    """The prices of models, oldest first."""
    rows = Price.objects.filter(model__in=list(models_wanted)).select_related("model")
    return list(rows.order_by("valid_from", "id"))
