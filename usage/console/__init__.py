"""The operator's pages of quota counters, reservations and the usage ledger."""
