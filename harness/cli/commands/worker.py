"""`harness worker`: load for a run on another host."""

import argparse
import os
import socket
import sys
from pathlib import Path

from harness.cli import flags
from harness.cli.flags import Commands
from harness.core.errors import UsageError


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    worker = flags.add(
        commands,
        "worker",
        "load for a run on another host, and hand in what was recorded",
        "HARNESS_TOKEN=... harness worker --master 10.0.0.5:5557   (`harness run --expect-workers` shows the line)",
    )
    worker.add_argument(
        "--master", metavar="HOST[:PORT]", required=True, help="what the run's --bind names; PORT is 5557 by default"
    )
    worker.add_argument(
        "--token-file",
        metavar="FILE",
        type=Path,
        help="file with the run's token (default: $HARNESS_TOKEN)",
    )
    worker.add_argument("--name", metavar="NAME", help="this worker's name in the run (default: the name of the host)")
    worker.add_argument(
        "--locustfile",
        metavar="FILE",
        type=Path,
        help="run this copy of the run's locustfile, in the current directory, e.g. for the data beside it "
        "(default: what the run sends)",
    )
    worker.add_argument(
        "--out", metavar="DIR", type=Path, help="where samples lie until the run has them (default: reports/worker-...)"
    )
    worker.add_argument("--quiet", action="store_true", help="print nothing but errors")
    worker.set_defaults(handler=_worker)


def _worker(options: argparse.Namespace) -> int:
    token = _token(options.token_file)
    from harness.runtime import files
    from harness.runtime.load.distributed import gathering, loading, worker

    host, port = gathering.address_of(options.master, "--master")
    own = files.resolved(options.locustfile) if options.locustfile else None
    name = options.name or socket.gethostname()
    asked = loading.Asked(host, port, token, name, own, options.out)
    return worker.work(asked, (lambda _: None) if options.quiet else _say)


def _token(file: Path | None) -> str:
    from harness.core import secret
    from harness.runtime import files

    where, token = "HARNESS_TOKEN", os.environ.get("HARNESS_TOKEN", "")
    if file:
        where = f"--token-file: {file}"
        try:
            token = files.read_text(file, files.MIB).strip()
        except OSError as error:
            raise UsageError(f"{where} cannot be read: {error.strerror}; name the file with the run's token") from None
    copy = "copy the command that `harness run --expect-workers` shows"
    if not token:
        raise UsageError(f"{where} holds no token; {copy}")
    if not all("!" <= character <= "~" for character in token):
        raise UsageError(f"{where} holds a space, a line break or a character that no token has; {copy}")
    secret.remember(token)
    return token


def _say(text: str) -> None:
    from harness.core import secret
    from harness.core.text import inert

    sys.stderr.write(inert(f"{secret.redact(text)}\n"))
    sys.stderr.flush()
