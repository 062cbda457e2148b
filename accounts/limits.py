"""What is counted to slow down who guesses, and to keep mailboxes from being flooded.

Nothing here reads the request's Host: one workspace has many spellings of it. The cache's keys carry the workspace
(tenants/cache.py); an account is its address as people compare it; an origin is the network the request came from.
"""

import hashlib
import ipaddress
import time
import unicodedata
from typing import Final

from django.core.cache import cache

from tenants.context import public_context

HOUR: Final = 3600
# Of one kind, to one mailbox, in an hour: asked for in one workspace, and in all of them together. A hostile workspace
# cannot use up what the others need.
MAILS_HERE: Final = 5
MAILS_IN_ALL: Final = 10
# A person signs in from the same networks: two months from the last time.
KNOWN_SECONDS: Final = 60 * 24 * HOUR


def account_of(address: str) -> str:
    """An e-mail address as it is counted: spellings that sign-in takes for one account are one."""
    return unicodedata.normalize("NFKC", address).casefold().strip()


def mailbox_of(address: str) -> str:
    """The mailbox behind an address: `name+anything` arrives in that of `name`."""
    name, at, domain = account_of(address).rpartition("@")
    return f"{name.partition('+')[0] or name}{at}{domain}"


def network_of(ip: str) -> str:
    """Where an attempt comes from: a neighbourhood of IPv4 (/24), one customer of IPv6 (/64)."""
    try:
        address = ipaddress.ip_address(ip.strip())
    except ValueError:
        return ip
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        address = mapped
    width = 24 if address.version == 4 else 64
    return str(ipaddress.ip_network(f"{address}/{width}", strict=False))


def takes_another_mail(kind: str, address: str) -> bool:
    """Count one more mail of a kind to a mailbox; False where it has had its hour's worth."""
    mailbox = mailbox_of(address)
    if _count(f"mails:{kind}", mailbox, HOUR) > MAILS_HERE:
        return False
    with public_context():
        return _count(f"mails:{kind}", mailbox, HOUR) <= MAILS_IN_ALL


def remember_origin(address: str, network: str) -> None:
    """Somebody proved to be the account's holder from this network."""
    cache.set(_key("known", f"{account_of(address)} {network}"), 1, timeout=KNOWN_SECONDS)


def is_known_origin(address: str, network: str) -> bool:
    """True where the account's holder has signed in from this network of late."""
    return bool(cache.get(_key("known", f"{account_of(address)} {network}")))


def _key(name: str, subject: str) -> str:
    return f"limit:{name}:{hashlib.sha256(subject.encode('utf8', 'replace')).hexdigest()[:32]}"


def _count(name: str, subject: str, seconds: int) -> int:
    """How many there were in this window, this one included."""
    key = f"{_key(name, subject)}:{int(time.time() // seconds)}"
    cache.add(key, 0, timeout=seconds)
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out between the two
        return 1
