"""Two recordings of one walk, compared: calls and how they ended, fields and types, amounts and periods."""

import re
from collections.abc import Iterator
from typing import Any

# Of these the values are compared too; of all others the type.
AMOUNTS = re.compile(
    r"^(amount|sub_?total|total|tax|taxable|unit_amount|price|pre_payment|post_payment|starting_balance|ending_balance"
    r"|balance$|quantity|percent|discount_amount|due_date$|trial_|current_period_|billing_cycle_anchor|cancel_at|ended_at"
    r"|proration|status$|currency$|billing_reason$|attempt|next_payment_attempt$|decline_code$)"
)
PERIOD = {"start", "end"}
# Of a refusal; the words are Stripe's own.
OF_ERRORS = ("type", "code", "decline_code", "param")
# What names things: another on each side.
_ID = re.compile(r"^[a-z]+(_[a-z]+)*_[A-Za-z0-9_]+$")
# The account decides, not the API.
LEFT_OUT = {"request_log_url", "doc_url", "livemode"}
Call = dict[str, Any]


def walk(fake: list[Call], real: list[Call]) -> Iterator[str]:
    """One line a difference: place, then what the fake and what Stripe has."""
    for number, (ours, theirs) in enumerate(zip(fake, real, strict=False), 1):
        step = f"{ours['method'].upper()} {ours['path']}"
        if (ours["method"], ours["path"]) != (theirs["method"], theirs["path"]):
            yield f"the walks part at call {number}: {step}, at Stripe {theirs['method'].upper()} {theirs['path']}"
            return
        if ours["status"] != theirs["status"]:
            yield f"{step}: status {ours['status']}, at Stripe {theirs['status']} {_why(theirs) or _why(ours)}".rstrip()
        elif "error" in ours["body"]:
            yield from _errors(step, ours["body"]["error"], theirs["body"]["error"])
        else:
            yield from _values(ours["body"], theirs["body"], "answer")
    if len(fake) != len(real):
        yield f"{len(fake)} calls, at Stripe {len(real)}"


def _why(call: Call) -> str:
    error = call["body"].get("error") or {}
    return f"({error.get('code') or error.get('type')})" if error else ""


def _errors(step: str, ours: Call, theirs: Call) -> Iterator[str]:
    for name in OF_ERRORS:
        if ours.get(name) != theirs.get(name):
            yield f"{step}: the refusal's {name} is {ours.get(name)!r}, at Stripe {theirs.get(name)!r}"


def _values(ours: Any, theirs: Any, path: str, name: str = "") -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        yield from _objects(ours, theirs, path)
    elif isinstance(ours, list) and isinstance(theirs, list):
        if len(ours) != len(theirs):
            yield f"{path}: {len(ours)} elements, at Stripe {len(theirs)}"
        for mine, other in zip(ours, theirs, strict=False):
            yield from _values(mine, other, f"{path}[]", name)
    elif (kind := _kind(ours)) != (other_kind := _kind(theirs)):
        yield f"{path}: {kind}, at Stripe {other_kind}"
    elif ours != theirs and _counts(path, name) and not _is_id(ours):
        yield f"{path}: {ours!r}, at Stripe {theirs!r}"


def _objects(ours: Call, theirs: Call, path: str) -> Iterator[str]:
    # An object is named by its kind wherever it stands: one difference is one line, however often it comes.
    kinds = ours.get("object"), theirs.get("object")
    if kinds[0] != kinds[1]:
        yield f"{path}: {kinds[0]}, at Stripe {kinds[1]}"
        return
    if isinstance(kinds[0], str) and kinds[0] != "list":
        path = kinds[0]
    for key in sorted((ours.keys() | theirs.keys()) - LEFT_OUT):
        if key not in theirs:
            yield f"{path}.{key}: not at Stripe"
        elif key not in ours:
            yield f"{path}.{key}: only at Stripe ({_kind(theirs[key])})"
        else:
            yield from _values(ours[key], theirs[key], f"{path}.{key}", key)


def _counts(path: str, name: str) -> bool:
    return bool(AMOUNTS.match(name)) or (name in PERIOD and "period" in path)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and any(letter.isdigit() for letter in value) and bool(_ID.match(value))


def _kind(value: Any) -> str:
    return {"NoneType": "null", "dict": "object", "str": "string"}.get(type(value).__name__, type(value).__name__)
