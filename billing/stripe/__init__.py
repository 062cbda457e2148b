"""Everything that speaks with Stripe. Amounts are cents there (`_cents`), euros in our rows."""
