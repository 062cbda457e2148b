"""Limits of requests for a workspace, by address of origin, by mailbox and for the platform.

Without a proof of work (no JavaScript, or a bot) they are stricter. A training room shares one address.
"""

import ipaddress
from typing import Final

from accounts.limits import HOUR, count, mailbox_key, network_of

# (with a proof, without one), per hour.
PER_ADDRESS: Final = (20, 6)
PER_NETWORK: Final = (600, 60)
PER_PLATFORM: Final = (1_200, 200)
PER_MAILBOX: Final = 5
CHECKS_PER_MINUTE: Final = 60
SEARCHES_PER_ADDRESS: Final = 10
SEARCHES_PER_PLATFORM: Final = 1_200


def may_request(ip: str, email: str, *, has_proof: bool) -> bool:
    """Count one more request for a workspace. False if a limit is exceeded."""
    kind = "proved" if has_proof else "unproved"
    column = 0 if has_proof else 1
    return (
        count(f"signup:{kind}:address", _address(ip), HOUR) <= PER_ADDRESS[column]
        and count(f"signup:{kind}:network", network_of(ip), HOUR) <= PER_NETWORK[column]
        and may_mail(email)
        and count(f"signup:{kind}", "", HOUR) <= PER_PLATFORM[column]
    )


def may_mail(email: str) -> bool:
    """Count one more mail with a code to this mailbox. False if there were too many within the hour."""
    return count("signup:mail", mailbox_key(email), HOUR) <= PER_MAILBOX


def may_check(ip: str) -> bool:
    """Count one more look at a slug. False if there were too many within the minute."""
    return count("signup:slug", _address(ip), 60) <= CHECKS_PER_MINUTE


def may_enter(request_id: str) -> bool:
    """Count one more password given for a workspace that was just created. False if there were too many."""
    return count("signup:enter", request_id, HOUR) <= PER_MAILBOX


def may_search(ip: str, email: str) -> bool:
    """Count one more mail with the workspaces of an address. False if a limit is exceeded."""
    return (
        count("signup:search:address", _address(ip), HOUR) <= SEARCHES_PER_ADDRESS
        and count("signup:search:mail", mailbox_key(email), HOUR) <= PER_MAILBOX
        and count("signup:search", "", HOUR) <= SEARCHES_PER_PLATFORM
    )


def _address(ip: str) -> str:
    """The address itself for IPv4; for IPv6 the /64 of one customer."""
    try:
        return ip if ipaddress.ip_address(ip).version == 4 else network_of(ip)
    except ValueError:
        return ip
