"""Pages of the console about mail, beside the outbox."""
