"""What an error of the transport means."""

import smtplib


def is_mailbox_unknown(error: Exception) -> bool:
    """Whether the server refused all addresses at once because they do not exist.

    Enhanced status 5.1.x "bad destination" (RFC 3463): other refusals, as of a sender's reputation, may pass.
    """
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return all(500 <= code < 600 and b"5.1." in reply for code, reply in error.recipients.values())


def is_unreachable(error: Exception) -> bool:
    """Whether the transport did not answer at all, as opposed to a refusal."""
    refused = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)
    # Errors of `requests` (HTTP transports) have the response, if there was one.
    return isinstance(error, OSError) and not isinstance(error, refused) and getattr(error, "response", None) is None
