"""The one way in which a start is refused: a line that says what is wrong and what to do, and exit code 2."""

EXIT_CODE = 2


class CannotStart(Exception):
    """Nothing was started or changed; the message is one line for the person at the terminal."""
