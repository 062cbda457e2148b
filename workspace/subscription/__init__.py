"""The owner's pages of plan, payment and invoices, on the door `billing.subscribing`. They hold no rule of money."""
