"""What the launcher tells the person at the terminal when it cannot go on."""


class LauncherError(Exception):
    """The whole message is written for the operator: what is wrong and what to do about it."""
