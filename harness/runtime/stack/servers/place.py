"""Directories and accounts for a server that refuses to run as root."""

import os
import pwd
import stat
import tempfile
from pathlib import Path

from harness.core.errors import UsageError
from harness.runtime.kept import Account

PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  # the files in them get random names and mode 0700


def unprivileged(*names: str) -> Account | None:
    """The first account of these names that exists, when the harness runs as root; else None: its own will do.

    Raises UsageError when there is none.
    """
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise UsageError(
        f"this machine has no account {' or '.join(names)}; create one, or run the harness as another user"
    )


def reachable(account: Account) -> Path:
    """A directory for temporary files that `account` can enter: TMPDIR's, else the system's.

    Raises UsageError when there is none.
    """
    candidates = [Path(tempfile.gettempdir()), *map(Path, PLACES)]
    for candidate in candidates:
        if candidate.is_dir() and all(_lets_in(part, account) for part in (candidate, *candidate.resolve().parents)):
            return candidate
    tried = ", ".join(dict.fromkeys(map(str, candidates)))
    raise UsageError(f"TMPDIR: account {account.name} can enter none of {tried}; set it to a directory that it can")


def _lets_in(directory: Path, account: Account) -> bool:
    """Whether `account` may pass through a directory; groups beside its first do not count."""
    found = directory.stat()
    if found.st_uid == account.user:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.group:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
