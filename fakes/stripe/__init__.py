"""A fake of Stripe at the wire: `python -m fakes.stripe --port N`. How to use it is in README.md."""
