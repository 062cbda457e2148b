"""What a kind of content is asked, and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.http import HttpRequest, HttpResponseBase

# What a sandbox may be given. None of them reaches the frame's parent or the top: no `allow-top-navigation`, no
# `allow-popups-to-escape-sandbox`. `allow-same-origin` gives an object its own origin, which nobody shares.
GRANTABLE: Final = frozenset(
    {"allow-downloads", "allow-forms", "allow-modals", "allow-pointer-lock", "allow-same-origin", "allow-scripts"}
)
# Set for every content, whatever its kind.
_FIXED: Final = frozenset({"default-src", "base-uri", "form-action", "frame-ancestors", "sandbox"})


@dataclass(frozen=True)
class Walls:
    """What a content may do in its page. `sources`: directives of its Content-Security-Policy beside those of all,
    beginning from nothing. `sandbox`: what its sandbox grants; None where there is none.

    Raises `ValueError` for a grant or a directive that would open a wall of all contents.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    sandbox: frozenset[str] | None = frozenset()

    def __post_init__(self) -> None:
        refused = (self.sandbox or frozenset()) - GRANTABLE | (_FIXED & set(self.sources))
        if refused:
            raise ValueError(f"not for a content: {', '.join(sorted(refused))}")

    def policy(self, ancestor: str) -> str:
        """The value of Content-Security-Policy; `ancestor`: the origin whose pages may show it in a frame."""
        parts = {
            "default-src": "'none'",
            **self.sources,
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": ancestor,
        }
        if self.sandbox is not None:
            parts["sandbox"] = " ".join(sorted(self.sandbox))
        return "; ".join(f"{name} {value}".strip() for name, value in parts.items())


@dataclass(frozen=True)
class Asked:
    """An object that is asked for by a good address, in its workspace's context.

    `viewer`: for whom the address was made (a user's key), blank for anybody. `version`: which version of the object it
    names. `path`: what stands after it in the address, blank for the object itself. `request` has no cookies.
    """

    request: HttpRequest
    object_id: str
    version: str
    viewer: str
    path: str


@dataclass(frozen=True)
class Content:
    """What a kind gives: the body with its type, ranges and ETag, and its walls. Every other header is set for all."""

    response: HttpResponseBase
    walls: Walls
