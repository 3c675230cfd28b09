"""What a request is answered with when it cannot be answered: a status, and one line of JSON."""


class RequestError(Exception):
    """A request that is refused; the message names the field, its value and what is right."""

    def __init__(self, status, message, headers=None):
        """
        Args:
          status: of HTTP, 400 or above.
          message: holds nothing of this machine, such as a path or a trace.
          headers: of the response, name -> value.
        """
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


def bad(message):
    """A `RequestError` for what a client has written wrong."""
    return RequestError(400, message)
