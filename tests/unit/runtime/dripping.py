"""A client whose header comes byte by byte, and never ends."""

import select
import socket

LONGEST_S = 20.0
EACH_S = 0.05


def is_let_go(port: int) -> bool:
    """Whether the server ends the connection, however regularly a byte comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST_S) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
        for _ in range(int(LONGEST_S / EACH_S)):
            if select.select([client], [], [], EACH_S)[0]:
                return True
            try:
                client.sendall(b"x")
            except ConnectionError:
                return True
    return False
