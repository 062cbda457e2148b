"""Consumers of the outbox (events/catalogue.py): key -> dotted name of the function, names of the facts it gets.

Called as `function(event: events.types.Event)` in the workspace's context (in public for facts of the platform), in a
transaction of its own with the end of the delivery. Rows store the key: a function may be renamed, its key must not.
"""

from events.types import Consumer

CONSUMERS: dict[str, Consumer] = {
    "analytics": Consumer(
        "analytics.consumers.count",
        frozenset({"answer.finished", "answer.stopped", "answer.failed", "image.made", "image.failed", "item.created"}),
    ),
    "notifications": Consumer(
        "notifications.consumers.notify_people",
        frozenset(
            {
                "item.published",
                "item.deleted",
                "conversation.shared",
                "member.joined",
                "quota.reached",
                "workspace.state_changed",
            }
        ),
    ),
    "addresses": Consumer(
        "signup.directory.follow",
        frozenset({"member.joined", "member.address_changed", "member.state_changed", "member.removed"}),
    ),
    "sequences": Consumer(
        "mailing.sequences.consumers.follow",
        frozenset(
            {
                "workspace.created",
                "workspace.state_changed",
                "subscription.changed",
                "member.joined",
                "member.signed_in",
                "conversation.begun",
                "answer.finished",
                "item.created",
                "item.published",
            }
        ),
    ),
    "audience": Consumer(
        "website.measure.follow", frozenset({"signup.requested", "signup.completed", "subscription.changed"})
    ),
}
