"""20,000 requests over 50 workspaces, randomly interleaved: nobody reads or writes next door.

`world` makes the workspaces, `acts_*` are what one request does, `runner` sends the requests, `ledger` counts what
stands where at the end, `switches` take a guard away to show that the suite would see it. `python -m
tests.isolation.interleaving --help` runs it alone, with any seed.
"""
