"""Errors whose message is shown to the person who started Ruche."""


class StartError(Exception):
    """Raised when something does not start; the message says in one line what failed and what to do."""

    exit_code = 1


class BusyError(StartError):
    """Raised when the port or the state directory is in use by a running process."""

    exit_code = 2
