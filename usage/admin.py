"""Registers the operator's pages of counters, reservations and the usage ledger."""

from usage.console import ledger as ledger
from usage.console import quotas as quotas
