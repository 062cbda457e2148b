"""Registers the operator's pages of plans, prices and grants."""

from plans.console import catalogue as catalogue
from plans.console import grants as grants
from plans.console import prices as prices
