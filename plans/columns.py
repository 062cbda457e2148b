"""Decimal precision of the columns that hold amounts."""

from typing import Any

# Euros. Only invoice lines are rounded.
MONEY: Any = {"max_digits": 20, "decimal_places": 12}
# An amount of a meter, in its unit (plans/meters.py).
QUANTITY: Any = {"max_digits": 32, "decimal_places": 12}
# A price, in the currency of the row.
PRICE: Any = {"max_digits": 10, "decimal_places": 2}
