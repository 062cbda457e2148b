"""Billing of subscriptions: periods, lines, invoices, payments, and their changes over time."""
