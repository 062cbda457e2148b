"""Proof of work against bots, in the scheme of ALTCHA (https://altcha.org/docs/), without a third party.

The browser looks for the number whose SHA-256 with the salt is the challenge (static/js/proof.js): about a second of
its time. The signature, an HMAC, makes it needless to store challenges; each is accepted once.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache

# The browser tries half of them on average.
MAX_NUMBER: Final = 50_000
LIFETIME_SECONDS: Final = 2 * 3600
MAX_LENGTH: Final = 1_000


def _signature(challenge: str) -> str:
    key = f"signup.proof:{settings.SECRET_KEY}".encode()
    return hmac.new(key, challenge.encode(), hashlib.sha256).hexdigest()


def _digest(salt: str, number: int) -> str:
    return hashlib.sha256(f"{salt}{number}".encode()).hexdigest()


def new_challenge() -> dict[str, Any]:
    """A challenge as ALTCHA names its parts: algorithm, challenge, maxnumber, salt, signature."""
    salt = f"{secrets.token_hex(12)}?expires={int(time.time()) + LIFETIME_SECONDS}"
    challenge = _digest(salt, secrets.randbelow(MAX_NUMBER + 1))
    return {
        "algorithm": "SHA-256",
        "challenge": challenge,
        "maxnumber": MAX_NUMBER,
        "salt": salt,
        "signature": _signature(challenge),
    }


def accept(payload: str) -> bool:
    """Whether `payload`, Base64 of JSON, solves a challenge of ours that is neither expired nor used. Uses it up."""
    parts = _parts(payload)
    if parts is None:
        return False
    challenge, salt, number, signature = parts
    expires = salt.rpartition("?expires=")[2]
    is_valid = (
        hmac.compare_digest(_signature(challenge), signature)
        and hmac.compare_digest(_digest(salt, number), challenge)
        and expires.isdecimal()
        and int(expires) > time.time()
    )
    return is_valid and bool(cache.add(f"proof:{challenge}", 1, timeout=LIFETIME_SECONDS))


def _parts(payload: str) -> tuple[str, str, int, str] | None:
    """(challenge, salt, number, signature), or None for a text that is no payload."""
    if not payload or len(payload) > MAX_LENGTH:
        return None
    try:
        values = json.loads(base64.b64decode(payload, validate=True))
        challenge, salt, number, signature = (values[key] for key in ("challenge", "salt", "number", "signature"))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    texts = (challenge, salt, signature)
    if not all(isinstance(text, str) and text.isascii() for text in texts) or type(number) is not int:
        return None
    return (challenge, salt, number, signature) if 0 <= number <= MAX_NUMBER else None
