"""The messages of the console's action that replays several webhook events at once."""

from django.utils.translation import ngettext


def explanation(count: int, refused_count: int) -> str:
    """What the action does to the chosen events, and to the refused ones among them."""
    text = ngettext(
        "%(n)d événement est rejoué en arrière-plan : l’espace suivra ce que Stripe répond alors.",
        "%(n)d événements sont rejoués en arrière-plan : les espaces suivront ce que Stripe répond alors.",
        count,
    ) % {"n": count}
    return f"{text} {_refused_text(refused_count)}".strip()


def success_message(replayed_count: int, refused_count: int) -> str:
    """How many events are replayed, and how many refused ones are not."""
    text = ngettext("%(n)d événement va être rejoué.", "%(n)d événements vont être rejoués.", replayed_count) % {
        "n": replayed_count
    }
    return f"{text} {_refused_text(refused_count)}".strip()


def _refused_text(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "%(n)d événement refusé n’est pas rejoué.", "%(n)d événements refusés ne sont pas rejoués.", count
    ) % {"n": count}
