"""Who is given which facts of the outbox (events/catalogue.py): key -> function by its dotted name, names of facts.

Called as `function(event: events.types.Event)` in the workspace's context (in public for facts of the platform), in a
transaction of its own with the end of the delivery. The key stands in rows: a function may move, its key stays.
"""

from events.types import Consumer

CONSUMERS: dict[str, Consumer] = {
    "analytics": Consumer(
        "analytics.consumers.count",
        frozenset({"answer.finished", "answer.stopped", "answer.failed", "image.made", "image.failed", "item.created"}),
    ),
}
