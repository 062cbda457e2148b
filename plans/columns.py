"""The columns in which amounts are kept."""

from typing import Any

# Euros are never rounded before an invoice line.
MONEY: Any = {"max_digits": 20, "decimal_places": 12}
# A meter counts euros, tokens, bytes or pieces: plans/meters.py says which.
QUANTITY: Any = {"max_digits": 32, "decimal_places": 12}
# A price, in the currency that stands beside it.
PRICE: Any = {"max_digits": 10, "decimal_places": 2}
