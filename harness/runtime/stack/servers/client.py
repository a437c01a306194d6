"""Asking a server through its own command line client: the harness depends on no database driver."""

import subprocess
from collections.abc import Mapping

from harness.runtime import process
from harness.runtime.process import NotReadyError
from harness.runtime.stack.servers.server import CONNECT_LIMIT_S, Instance


def ask_client(instance: Instance, command: tuple[str, ...], env: Mapping[str, str]) -> str:
    """What a client prints, without the last line's end. Raises NotReadyError with its message when it fails."""
    try:
        done = process.capture(command, 2 * CONNECT_LIMIT_S, cwd=instance.directory, env=env)
    except subprocess.TimeoutExpired:
        raise NotReadyError(f"{command[0]} got no answer") from None
    except OSError as error:
        raise NotReadyError(f"{command[0]} cannot be started: {error.strerror}") from None
    if done.returncode:
        raise NotReadyError(
            f"{command[0]} printed {' '.join(done.stderr.split()) or f'nothing (exit {done.returncode})'}"
        )
    return done.stdout.strip()
