"""The console's action that replays several webhook events at once: its form and its messages."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.utils.translation import ngettext

from ui.console import ReasonForm
from ui.lines import Line

ACTION = "replay_chosen"


class ReplayForm(ReasonForm):
    """The reason for replaying several events. The form posts their keys in the fields of Django's list actions."""

    action = Line(widget=forms.HiddenInput)
    chosen = forms.MultipleChoiceField(widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, keys: Iterable[Any], **kwargs: Any) -> None:
        keys = [str(key) for key in keys]
        kwargs["initial"] = {"action": ACTION, ACTION_CHECKBOX_NAME: keys}
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields.pop("chosen")
        chosen.choices = [(key, key) for key in keys]
        # Django's field name, so that submitting this form runs the same list action again.
        self.fields[ACTION_CHECKBOX_NAME] = chosen


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
