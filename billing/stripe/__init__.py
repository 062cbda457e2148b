"""All calls to Stripe and its webhooks. Stripe's amounts are in cents (names end in `_cents`), our rows in euros."""
