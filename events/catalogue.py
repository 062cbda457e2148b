"""Every fact of the platform: name, version, figures. How to add one: CONTRIBUTING.md.

`subject_id` is the row it is about, `actor_id` the person who did it. Costs are euros, sizes bytes.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import ClassVar
from uuid import UUID

from events.facts import CATALOGUE, Code, Fact
from tenants.models import Tenant

__all__ = ["CATALOGUE", "Code", "Fact"]


class Role(Enum):
    """Roles of members: the values of `accounts.models.Role`, which this app cannot import."""

    OWNER = "owner"
    ADMIN = "admin"
    INSTRUCTOR = "instructor"
    MEMBER = "member"
    LEARNER = "learner"
    PROMOTER = "promoter"


class ItemKind(Enum):
    """The values of `library.models.Item.Kind`."""

    TEXT = "text"
    POST = "post"
    ANALYSIS = "analysis"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"


class Origin(Enum):
    """Where an item comes from."""

    ANSWER = "answer"
    IMAGE = "image"
    UPLOAD = "upload"


# Workspaces: the subject is the workspace.


@dataclass(frozen=True, kw_only=True)
class WorkspaceCreated(Fact):
    NAME: ClassVar = "workspace.created"
    plan: Code


@dataclass(frozen=True, kw_only=True)
class WorkspaceStateChanged(Fact):
    """Suspension, resumption, closing, reopening, late payment."""

    NAME: ClassVar = "workspace.state_changed"
    before: Tenant.State
    after: Tenant.State


@dataclass(frozen=True, kw_only=True)
class WorkspacePlanChanged(Fact):
    NAME: ClassVar = "workspace.plan_changed"
    before: Code
    after: Code


@dataclass(frozen=True, kw_only=True)
class WorkspaceTrialExtended(Fact):
    NAME: ClassVar = "workspace.trial_extended"
    until: dt.datetime


@dataclass(frozen=True, kw_only=True)
class WorkspaceDeleted(Fact):
    """A fact of the platform, because its workspace no longer exists."""

    NAME: ClassVar = "workspace.deleted"


@dataclass(frozen=True, kw_only=True)
class QuotaReached(Fact):
    """A meter reached `percent` of its limit: 100, or the threshold of the first notice. Once a month."""

    NAME: ClassVar = "quota.reached"
    meter: Code
    percent: int


@dataclass(frozen=True, kw_only=True)
class SubscriptionChanged(Fact):
    """The subject is the subscription's row; the fields are those after the change.

    `status`: as Stripe names it. `status`, `plan`, `interval`: None without a subscription. `mrr`: euros without VAT.
    """

    NAME: ClassVar = "subscription.changed"
    status: Code | None
    plan: Code | None
    interval: Code | None
    mrr: Decimal
    ends_with_period: bool


@dataclass(frozen=True, kw_only=True)
class SignupRequested(Fact):
    """A stranger asked for a workspace. A fact of the platform; the subject is the request."""

    NAME: ClassVar = "signup.requested"
    plan: Code
    has_proof: bool


@dataclass(frozen=True, kw_only=True)
class SignupCompleted(Fact):
    """A request became this workspace; `workspace.created` is recorded too."""

    NAME: ClassVar = "signup.completed"
    plan: Code


# Members: the subject is the person.


@dataclass(frozen=True, kw_only=True)
class MemberJoined(Fact):
    NAME: ClassVar = "member.joined"
    role: Role


@dataclass(frozen=True, kw_only=True)
class MemberSignedIn(Fact):
    NAME: ClassVar = "member.signed_in"


@dataclass(frozen=True, kw_only=True)
class MemberAddressChanged(Fact):
    """The person signs in with another e-mail address."""

    NAME: ClassVar = "member.address_changed"


@dataclass(frozen=True, kw_only=True)
class MemberInvited(Fact):
    """The subject is the invitation."""

    NAME: ClassVar = "member.invited"
    role: Role


@dataclass(frozen=True, kw_only=True)
class MemberRoleChanged(Fact):
    NAME: ClassVar = "member.role_changed"
    before: Role
    after: Role


@dataclass(frozen=True, kw_only=True)
class MemberStateChanged(Fact):
    """Deactivated, or (`active`) brought back."""

    NAME: ClassVar = "member.state_changed"
    active: bool


@dataclass(frozen=True, kw_only=True)
class MemberRemoved(Fact):
    """The account was deleted; its contents are another member's."""

    NAME: ClassVar = "member.removed"
    role: Role


# Conversations. The actor of an answer is the person who asked.


@dataclass(frozen=True, kw_only=True)
class ConversationBegun(Fact):
    NAME: ClassVar = "conversation.begun"
    assistant_id: UUID


@dataclass(frozen=True, kw_only=True)
class ConversationShared(Fact):
    """With the workspace, or (`shared` false) no longer."""

    NAME: ClassVar = "conversation.shared"
    shared: bool


@dataclass(frozen=True, kw_only=True)
class _Answer(Fact):
    conversation_id: UUID
    assistant_id: UUID
    tokens: int
    cost: Decimal


@dataclass(frozen=True, kw_only=True)
class AnswerFinished(_Answer):
    """The answer is complete."""

    NAME: ClassVar = "answer.finished"


@dataclass(frozen=True, kw_only=True)
class AnswerStopped(_Answer):
    """The answer is incomplete: a person stopped it (`by_person`), or its process died."""

    NAME: ClassVar = "answer.stopped"
    by_person: bool


@dataclass(frozen=True, kw_only=True)
class AnswerFailed(_Answer):
    """The provider returned nothing usable."""

    NAME: ClassVar = "answer.failed"


@dataclass(frozen=True, kw_only=True)
class _Image(Fact):
    answer_id: UUID
    cost: Decimal


@dataclass(frozen=True, kw_only=True)
class ImageMade(_Image):
    """The subject is its item in the library."""

    NAME: ClassVar = "image.made"


@dataclass(frozen=True, kw_only=True)
class ImageFailed(_Image):
    """The subject is the act's reference. `cost`: what may have been paid."""

    NAME: ClassVar = "image.failed"


# The library: the subject is the item.


@dataclass(frozen=True, kw_only=True)
class ItemCreated(Fact):
    NAME: ClassVar = "item.created"
    kind: ItemKind
    origin: Origin
    size: int


@dataclass(frozen=True, kw_only=True)
class ItemShared(Fact):
    """A link was made that opens the item to anyone."""

    NAME: ClassVar = "item.shared"
    share_id: UUID
    until: dt.datetime


@dataclass(frozen=True, kw_only=True)
class ItemPublished(Fact):
    """The item became visible to the whole workspace, or (`published` false) no longer is."""

    NAME: ClassVar = "item.published"
    published: bool


@dataclass(frozen=True, kw_only=True)
class ItemDeleted(Fact):
    NAME: ClassVar = "item.deleted"
    kind: ItemKind
    size: int
