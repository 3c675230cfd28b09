"""One connection: uvicorn's, which also cuts off clients that are slow, and refuses in JSON."""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tfapp.serving.json_text import dumps

_HEADER_SECONDS = 10.0  # from a request's first byte, or a connection's start, to its last header
# In which a client may go on sending a body that was refused. It is discarded: to close at once
# would reset the connection, often before the client has read the answer.
_REFUSED_SECONDS = 10.0


class Connection(HttpToolsProtocol):
    """Closes a connection whose request does not arrive, or whose answers are not read."""

    _late = None  # the timer of what is awaited: headers, or the end of a body that was refused

    def connection_made(self, transport):
        super().connection_made(transport)
        self._expect(_HEADER_SECONDS)

    def connection_lost(self, exc):
        self._forget()
        super().connection_lost(exc)

    def on_message_begin(self):
        super().on_message_begin()
        if self._late is None:  # else a new connection's, which goes on
            self._expect(_HEADER_SECONDS)

    def on_headers_complete(self):
        self._forget()
        super().on_headers_complete()

    def on_response_complete(self):
        if self.cycle.more_body:
            self._forget()
            self._expect(_REFUSED_SECONDS)
        super().on_response_complete()

    def on_message_complete(self):
        self._forget()
        super().on_message_complete()

    def timeout_keep_alive_handler(self):
        """Of a connection without a request; closing would wait for answers that nobody reads."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    def send_400_response(self, msg):
        self._forget()
        content = dumps({"error": "the request is not HTTP/1.1 as it must be"})
        head = [
            STATUS_LINE[400],
            b"content-type: application/json\r\n",
            b"content-length: " + str(len(content)).encode() + b"\r\n",
            b"connection: close\r\n\r\n",
        ]
        self.transport.write(b"".join([*head, content]))
        self.transport.close()

    def _expect(self, seconds):
        self._late = self.loop.call_later(seconds, self._cut_off)

    def _forget(self):
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _cut_off(self):
        self._late = None
        self.transport.abort()
