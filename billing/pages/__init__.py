"""The owner's pages of plan, payment and invoices. They call `billing.api`, which has the rules about amounts."""
