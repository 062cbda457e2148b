"""The one kind of failure that a person reads."""


class StartError(Exception):
    """Something did not start; the message says what, and what to do about it, in one line."""

    exit_code = 1


class BusyError(StartError):
    """The port or the state is in use by something that is alive and well."""

    exit_code = 2
