"""The command line: parse, run the command, and turn what went wrong into one line and an exit code."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from harness.core.errors import ExitCode, HarnessError

REFUSED = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR)
UNWRITTEN = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT)
COMPLETION = "_ARGCOMPLETE"
"""Set by the completion script of a shell, which asks for what may stand at the cursor."""


def entrypoint() -> NoReturn:
    """The `harness` command."""
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a HarnessError becomes one line on standard error.

    What nobody foresaw, memory and recursion that run out included, ends in CRASHED, never in FAILED. Raises SystemExit
    for a help text and for a usage error of the parser.
    """
    options = argparse.Namespace()
    try:
        return _run(arguments, options)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not look like a verdict
        return _crashed(error, options)


def _run(arguments: Sequence[str] | None, options: argparse.Namespace) -> int:
    """Parse into `options` and run the command."""
    from harness.cli import output
    from harness.cli.options import parser
    from harness.core import secret
    from harness.runtime import interrupt

    made = parser()
    if COMPLETION in os.environ:
        import argcomplete

        argcomplete.autocomplete(made)
    made.parse_args(arguments, options)
    interrupt.install()
    secret.forget()
    if sys.stdout is None:  # closed by the caller
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open for as long as the process is
    output.lenient()
    try:
        code = int(options.handler(options))
        sys.stdout.flush()
    except HarnessError as error:
        _report(str(error))
        return error.exit_code
    except interrupt.Interrupted:
        _write_error("interrupted; what was started is stopped, what was recorded is kept")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.USAGE
    except OSError as error:
        return _unusable(error)
    return code


def _crashed(error: Exception, options: argparse.Namespace) -> int:
    from harness.cli import crash

    _report(crash.report(error, _directory(options)))
    return ExitCode.CRASHED


def _directory(options: argparse.Namespace) -> Path | None:
    """The directory that the command made, or else the one it was given."""
    flags = vars(options)
    directories = [flags.get("out"), flags.get("run_dir"), *flags.get("run_dirs", ())]
    return next((each for each in directories if isinstance(each, Path)), None)


def _unusable(error: OSError) -> int:
    """What the system refuses: a path, by its name, or standard output. Any other is a bug and keeps its traceback."""
    if error.filename is not None and error.errno in REFUSED:
        _write_error(f"{error.filename}: {error.strerror}; name another path, or check its permissions")
        return ExitCode.USAGE
    if error.filename is None and error.errno in UNWRITTEN:
        _write_error(f"standard output cannot be written: {error.strerror}; the reports are where --out says")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again as it ends
        return ExitCode.INCONCLUSIVE
    raise error


def _report(text: str) -> None:
    """An error on standard error, and as an annotation in a step of GitHub Actions."""
    from harness.core import secret

    text = secret.redact(text)
    _write_error(text)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from harness.cli import github_actions

        sys.stderr.write(github_actions.annotate_error(text, os.environ))


def _write_error(text: str) -> None:
    from harness.core.text import inert

    sys.stderr.write(inert(f"harness: {text}\n"))


if __name__ == "__main__":
    entrypoint()
