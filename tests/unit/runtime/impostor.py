"""Servers on 127.0.0.1 that answer as no server should."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

OK = b"HTTP/1.1 200 OK\r\n"
BLOCK = b"10000\r\n" + b"x" * 65536 + b"\r\n"
Answer = Callable[[socket.socket, bytes], None]


def whole(body: bytes, status: str = "200 OK", headers: str = "") -> Answer:
    """An answer as it should be."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return lambda connection, _: connection.sendall(head.encode() + body)


def dripping(head: bytes, drop: bytes, every_s: float = 0.05) -> Answer:
    """One that never ends, a little at a time."""

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(drop)
            time.sleep(every_s)

    return answer


def silent(connection: socket.socket, _: bytes) -> None:
    """Nothing at all until the other side goes."""
    connection.recv(1)


def bomb() -> bytes:
    """64 MiB in 64 KiB."""
    return gzip.compress(bytes(64 * 2**20), 9)


HOSTILE: dict[str, Answer] = {
    "status that drips": dripping(b"HTTP/1.1 1", b"0"),
    "informational answers": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "header that drips": dripping(OK, b"A: b\r\n", 0.1),
    "body that drips": dripping(OK + b"Content-Length: 100000\r\n\r\n", b"#"),
    "chunks that drip": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n[\r\n"),
    "endless chunks": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", BLOCK, 0.0),
    "endless body": dripping(OK + b"\r\n", b"x" * 65536, 0.0),
    "silence": silent,
    "no HTTP": lambda connection, _: connection.sendall(b"\0\1\2 garbage\r\n\r\n"),
    "nothing": lambda _connection, _request: None,
    "half a body": lambda connection, _: connection.sendall(OK + b"Content-Length: 100\r\n\r\n{"),
    "a compression that nobody asked for": whole(b"x", headers="Content-Encoding: br\r\n"),
    "half a compression": whole(gzip.compress(b"x" * 999)[:-9], headers="Content-Encoding: gzip\r\n"),
    "a bomb": whole(bomb(), headers="Content-Encoding: gzip\r\n"),
}


@contextmanager
def serving(answer: Answer, host: str = "127.0.0.1") -> Iterator[tuple[str, list[bytes]]]:
    """Answer each connection's first request so; yields the URL and the requests that came."""
    requests: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = connection.recv(65536)
            if request:
                requests.append(request)
                answer(connection, request)

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=handle, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server((host, 0), backlog=64) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield f"http://{host}:{listening.getsockname()[1]}", requests
        listening.shutdown(socket.SHUT_RDWR)
