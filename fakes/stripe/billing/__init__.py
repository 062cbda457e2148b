"""How money is made of subscriptions: periods, lines, invoices, payments, and what time does to them."""
