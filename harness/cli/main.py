"""The command line: parse, run the command, and turn what went wrong into one line and an exit code."""

import contextlib
import errno
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from harness.core.errors import SHORTAGES, ExitCode, HarnessError

if TYPE_CHECKING:
    import argparse
    from types import FrameType

REFUSED = (
    errno.EACCES,
    errno.EPERM,
    errno.ENAMETOOLONG,
    errno.ELOOP,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EROFS,
    errno.ENXIO,
)
UNWRITTEN = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT)
EARLY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Those of `runtime.interrupt`, which is not imported yet."""
LEAST_ADDRESS_SPACE = 2**30
"""Below this limit (`ulimit -v`), libraries that a command loads end the process themselves, without an exception."""
COMPLETION = "_ARGCOMPLETE"
"""Set by the completion script of a shell, which asks for what may stand at the cursor."""


class StandardError:
    """Standard error as far as it can be written: what the system refuses there changes no exit code."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or drop the text: the disk is full, the stream is closed, its reader went away."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """The same for what is buffered."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def entrypoint() -> NoReturn:
    """The `harness` command."""
    for number in EARLY:
        signal.signal(number, _leave)
    given = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open for as long as the process is
    with contextlib.redirect_stderr(StandardError(given)):
        code = _ended()
    try:
        given.flush()
    except (OSError, ValueError):
        sys.stderr = None  # Python would try again as it ends, and change the exit code
    sys.exit(code)


def _ended() -> int:
    """The exit code, which a signal that comes after the command changes no more: Python takes a while to end."""
    from harness.runtime.interrupt import Interrupted

    try:
        code = main()
    except Interrupted:  # it came between the command and here
        code = _interrupted()
    for number in EARLY:
        signal.signal(number, signal.SIG_IGN)
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a HarnessError becomes one line on standard error.

    What nobody foresaw ends in CRASHED, recursion that runs out included, and memory that does in INCONCLUSIVE: never
    in FAILED. Raises SystemExit for a help text and for a usage error of the parser.
    """
    import argparse

    options = argparse.Namespace()
    try:
        return _run(arguments, options)
    except MemoryError:
        left = f"; what was recorded is in {place}" if (place := _directory(options)) else ""
        _report(f"there is too little memory{left}; free some, or raise the limit on this process or container")
        return ExitCode.INCONCLUSIVE
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not look like a verdict
        return _crashed(error, options)


def _leave(_number: int, _frame: "FrameType | None") -> NoReturn:
    """End while modules are imported, when nothing was started yet."""
    os.write(2, b"harness: interrupted; nothing was started\n")
    os._exit(ExitCode.INTERRUPTED)


def _run(arguments: Sequence[str] | None, options: "argparse.Namespace") -> int:
    """Parse into `options` and run the command."""
    from harness.cli import flags, output
    from harness.cli.options import parser
    from harness.core import secret
    from harness.runtime import interrupt

    if sys.stdout is None:  # closed by the caller
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open for as long as the process is
    made = parser()
    if COMPLETION in os.environ:
        import argcomplete

        argcomplete.autocomplete(made)
    _replace_unencodable()
    given, rest = _split(sys.argv[1:] if arguments is None else arguments)
    if code := _parse(made, flags.with_values(given), options):
        return code
    if rest:
        options.locust_arguments = rest
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if 0 <= limit < LEAST_ADDRESS_SPACE:
        raise MemoryError
    interrupt.install()
    secret.forget()
    output.lenient()
    try:
        return _handled(options)
    except interrupt.Interrupted:
        return _interrupted()
    except Exception:
        if interrupt.asked():  # it came to others too, or an import took it for a failure of its own
            return _interrupted()
        raise


def _parse(made: "argparse.ArgumentParser", given: list[str], options: "argparse.Namespace") -> int:
    """Parse into `options`, and return 0, or the exit code when what is asked for cannot be printed.

    Raises SystemExit after a help text and the version, and for a usage error.
    """
    from harness.cli import output

    try:
        if not given:  # help, and no verdict: a script that lost its arguments must not take it for one
            made.print_help()
            output.flush()
            return ExitCode.USAGE
        try:
            made.parse_args(given, options)
        except SystemExit:
            output.flush()
            raise
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.USAGE
    except OSError as error:
        return _unusable(error, options)
    return 0


def _split(arguments: "Sequence[str]") -> "tuple[list[str], tuple[str, ...]]":
    """The harness's own arguments, and those of a run's locustfile, which follow `--`."""
    given = list(arguments)
    if given[:1] != ["run"] or "--" not in given:
        return given, ()
    place = given.index("--")
    return given[:place], tuple(given[place + 1 :])


def _handled(options: "argparse.Namespace") -> int:
    """Run the command. What was swallowed of a signal comes up at its end."""
    from harness.cli import output
    from harness.runtime import interrupt

    try:
        code = int(options.handler(options))
        output.flush()
        interrupt.check()
    except HarnessError as error:
        interrupt.check()
        _report(str(error))
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.USAGE
    except OSError as error:
        interrupt.check()
        return _unusable(error, options)
    return code


def _interrupted() -> int:
    _write_error("interrupted; what was started is stopped, what was recorded is kept")
    return ExitCode.INTERRUPTED


def _replace_unencodable() -> None:
    """Print `?` for a character that the terminal's encoding lacks; a report in ASCII is better than none."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="replace")


def _crashed(error: Exception, options: "argparse.Namespace") -> int:
    from harness.cli import crash

    _report(crash.report(error, _directory(options)))
    return ExitCode.CRASHED


def _directory(options: "argparse.Namespace") -> Path | None:
    """The directory that the command made, or else the one it was given."""
    flags = vars(options)
    directories = [flags.get("out"), flags.get("run_dir"), *flags.get("run_dirs", ())]
    return next((each for each in directories if isinstance(each, Path)), None)


def _unusable(error: OSError, options: "argparse.Namespace") -> int:
    """What the system refuses: a path, by its name, or what it has too little of. Any other is a bug."""
    if error.filename is not None and error.errno in REFUSED:
        _write_error(f"{error.filename}: {error.strerror}; name another path, or check its permissions")
        return ExitCode.USAGE
    from harness.cli.output import STDOUT

    if error.errno == errno.ENOENT and error.filename is None and (places := _unusable_for_temporary_files()):
        _report(f"no temporary file can be made in {places}; set TMPDIR to another directory, or free space there")
        return ExitCode.INCONCLUSIVE if _is_full(places) else ExitCode.USAGE
    if error.errno in UNWRITTEN and (error.filename == STDOUT or _is_stdout_broken()):
        _write_error(
            f"standard output cannot be written: {error.strerror}; free space there or redirect it, and run again"
        )
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again as it ends
        return ExitCode.INCONCLUSIVE
    if error.errno in SHORTAGES:
        what = f"{error.filename}: {error.strerror}" if error.filename is not None else str(error.strerror)
        left = f"; what was recorded is in {place}" if (place := _directory(options)) else ""
        _report(f"{what}{left}; free some of it, or raise the limit")
        return ExitCode.INCONCLUSIVE
    raise error


def _unusable_for_temporary_files() -> str:
    """The directory in which they should be; empty where they can be made."""
    import tempfile

    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - where it looks first
    return ""


def _is_full(directory: str) -> bool:
    try:
        found = os.statvfs(directory)
    except OSError:
        return False
    return found.f_blocks > 0 and found.f_bavail == 0


def _is_stdout_broken() -> bool:
    """Whether what waits to be printed cannot be."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return True
    return False


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
