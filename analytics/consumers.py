"""Consumer of facts that updates the daily figures (config/consumers.py)."""

from analytics.services import record
from events.catalogue import AnswerFailed, AnswerFinished, AnswerStopped, ImageFailed, ImageMade, ItemCreated
from events.types import Event


def count(event: Event) -> None:
    """Add a fact to the figures of its day, in the workspace's context."""
    match event.fact:
        case AnswerFinished() | AnswerStopped() | AnswerFailed() as answer:
            failures = int(isinstance(answer, AnswerFailed))
            record(at=event.at, answers=1, failures=failures, tokens=answer.tokens, cost=answer.cost)
        case ImageMade() | ImageFailed() as image:
            record(at=event.at, cost=image.cost, failures=int(isinstance(image, ImageFailed)))
        case ItemCreated():
            record(at=event.at, contents=1)
