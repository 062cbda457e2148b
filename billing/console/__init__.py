"""The operator's pages of subscriptions, arrears, discounts, revenue, terms of sale and webhook events."""
