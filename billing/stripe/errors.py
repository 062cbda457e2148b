"""Stripe's errors as `ValidationError` with a French message (refused payment) or `StripeUnavailable` (the rest)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import stripe
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.utils.translation import gettext_lazy as _

from billing.subscription_types import StripeUnavailable

log = logging.getLogger(__name__)
DECLINED = _("La banque a refusé le paiement. Essayez un autre moyen de paiement, ou voyez avec elle.")
# https://docs.stripe.com/declines/codes
REFUSALS = {
    "insufficient_funds": _("Le paiement est refusé : le compte n’est pas assez approvisionné."),
    "expired_card": _("Le paiement est refusé : la carte a expiré."),
    "incorrect_cvc": _("Le paiement est refusé : le code de sécurité de la carte est incorrect."),
    "processing_error": _("La banque n’a pas pu traiter le paiement. Réessayez dans un moment."),
    "authentication_required": _("La banque demande une confirmation de votre part."),
}


@contextmanager
def translated_errors() -> Iterator[None]:
    """Translate errors raised in the block.

    Raises `ValidationError` for a refused payment, `StripeUnavailable` for any other error of Stripe and if the lock
    on the subscription's row is not obtained in time.
    """
    try:
        yield
    except stripe.CardError as error:
        kind = error.code if error.code in REFUSALS else getattr(error.error, "decline_code", "") or ""
        raise ValidationError(REFUSALS.get(kind, DECLINED), code="card") from error
    except OperationalError as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise
        log.warning("somebody else spoke with stripe for too long")
        raise StripeUnavailable from error
    except stripe.StripeError as error:
        log.warning("stripe did not do it: %s %s %s", type(error).__name__, error.code, error.request_id)
        raise StripeUnavailable from error
