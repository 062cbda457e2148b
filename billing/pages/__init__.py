"""The owner's pages of plan, payment and invoices, on the door `billing.api`. They hold no rule of money."""
