"""Monthly recurring revenue: what a subscription brings in a month, the ledger of its movements, figures and words."""
