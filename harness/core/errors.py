"""Every error a user can cause or meet, with the exit code it ends in.

An error carries what went wrong, where, and the next step, in one line. It is raised at the edges and caught
once, in `harness.cli.main`; anything else is a bug, keeps its traceback, and ends in CRASHED.
"""

import errno
from enum import IntEnum

SHORTAGES = frozenset(
    {
        errno.ENOMEM,
        errno.EAGAIN,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.EADDRINUSE,
        errno.EADDRNOTAVAIL,
    }
)
"""Numbers of an OSError for which the machine is to blame and no input: memory, processes, space, files, ports."""


class ExitCode(IntEnum):
    """What the command's exit status means; FAILED outranks INCONCLUSIVE."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    CRASHED = 70
    """A bug of the harness; the number is EX_SOFTWARE of sysexits.h."""
    INTERRUPTED = 130


class HarnessError(Exception):
    """A one-line message for the user; `exit_code` says how the command ends."""

    exit_code = ExitCode.INCONCLUSIVE


class UsageError(HarnessError):
    """The user's input is wrong: a flag, a key of harness.toml, a file, a host that is not allowed."""

    exit_code = ExitCode.USAGE


class StackError(HarnessError):
    """The target or Prometheus could not be started, or did not become ready in time."""


class LoadError(HarnessError):
    """Locust could not drive the load."""


class PrometheusError(HarnessError):
    """Prometheus did not answer, or answered with an error."""


class StoreError(HarnessError):
    """A run directory cannot be read or written."""
