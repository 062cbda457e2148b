"""The walks of tests/stripe_fake, on the fake and on a real test account of Stripe, compared call by call."""
