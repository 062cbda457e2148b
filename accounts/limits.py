"""Rate-limit keys and counters against password guessing and mail flooding.

Keys do not contain the request's Host, which can be spelled in many ways: the cache adds the workspace to its keys
(tenants/cache.py). An account is identified by its normalized address, a client by its network.
"""

import hashlib
import ipaddress
import time
import unicodedata
from typing import Final

from django.core.cache import cache

from tenants.context import public_context

HOUR: Final = 3600
# Mails of one kind to one mailbox per hour. The platform's limit is higher, so that one hostile workspace cannot use up
# the mails of the others.
MAILS_PER_WORKSPACE: Final = 5
MAILS_PER_PLATFORM: Final = 10
# A network stays known for 60 days after the last sign-in from it.
KNOWN_NETWORK_SECONDS: Final = 60 * 24 * HOUR


def account_key(address: str) -> str:
    """A key that is equal for all spellings of an address that sign in to the same account."""
    return unicodedata.normalize("NFKC", address).casefold().strip()


def mailbox_key(address: str) -> str:
    """A key of the mailbox of an address: `name+suffix` is delivered to `name`."""
    name, at, domain = account_key(address).rpartition("@")
    return f"{name.partition('+')[0] or name}{at}{domain}"


def network_of(ip: str) -> str:
    """The network of an IP address: /24 for IPv4, /64 (one customer) for IPv6; the text itself if it is no address."""
    try:
        address = ipaddress.ip_address(ip.strip())
    except ValueError:
        return ip
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    width = 24 if address.version == 4 else 64
    return str(ipaddress.ip_network(f"{address}/{width}", strict=False))


def count_mail(kind: str, address: str) -> bool:
    """Count one more mail of a kind to a mailbox. False if a limit per hour is exceeded."""
    mailbox = mailbox_key(address)
    if _increment(f"mails:{kind}", mailbox, HOUR) > MAILS_PER_WORKSPACE:
        return False
    with public_context():
        return _increment(f"mails:{kind}", mailbox, HOUR) <= MAILS_PER_PLATFORM


def remember_network(address: str, network: str) -> None:
    """Store a network from which the user of an account has signed in."""
    cache.set(_key("known", f"{account_key(address)} {network}"), 1, timeout=KNOWN_NETWORK_SECONDS)


def is_known_network(address: str, network: str) -> bool:
    """Whether the user of the account has signed in from this network recently."""
    return bool(cache.get(_key("known", f"{account_key(address)} {network}")))


def count(name: str, subject: str, seconds: int) -> int:
    """Count one more act of a subject (an address, a mailbox). Returns how many there were in the current window."""
    return _increment(name, subject, seconds)


def _key(name: str, subject: str) -> str:
    return f"limit:{name}:{hashlib.sha256(subject.encode('utf8', 'replace')).hexdigest()[:32]}"


def _increment(name: str, subject: str, seconds: int) -> int:
    """Increment the counter of the current window of `seconds`. Returns its new value."""
    key = f"{_key(name, subject)}:{int(time.time() // seconds)}"
    cache.add(key, 0, timeout=seconds)
    try:
        return int(cache.incr(key))
    except ValueError:  # expired between `add` and `incr`
        return 1
