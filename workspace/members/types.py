"""Types and errors of members and invitations."""

from dataclasses import dataclass, field


class MemberRefused(Exception):
    """Raised for an act on a member or an invitation that is not possible. The message is shown to the user."""

    @property
    def message(self) -> str:
        return str(self.args[0])


class InvitationEnded(Exception):
    """Raised for a link whose invitation was accepted, revoked or has expired, and for one that is not ours."""


@dataclass(frozen=True)
class Invitee:
    """One line of a list of people to invite. `problem`: why this line cannot be invited; "" if it can."""

    line: int
    email: str
    name: str
    role: str
    problem: str = ""


@dataclass
class Outcome:
    """What a bulk operation did: labels of those done, and (label, reason) of those not."""

    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Contents:
    """How much of a member is reassigned when they are removed."""

    conversations: int
    items: int
