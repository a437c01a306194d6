"""What comes over a connection that somebody else opened: each wait is bounded, and so are all of them together.

A socket's own time limit begins anew with each byte; whoever sends one at a time would be waited for without end.
"""

import io
import math
import socket
import time


class Incoming(io.RawIOBase):
    """Reads from a connection. A read raises TimeoutError when nothing comes for `silent_s`, and after `within`."""

    def __init__(self, connection: socket.socket, silent_s: float) -> None:
        """A connection with no limit on the whole, yet."""
        self._connection, self._silent_s = connection, silent_s
        self._until = math.inf

    def within(self, seconds: float) -> None:
        """Limit what is read from now on, all of it together, to so many seconds; `math.inf` for no limit."""
        self._until = time.monotonic() + seconds

    def buffered(self) -> io.BufferedReader:
        """To be read from by whoever expects a file."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """As all that is read from."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # the reader gives a memoryview
        """What has come, into the buffer."""
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(min(left_s, self._silent_s))
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(self._silent_s)
