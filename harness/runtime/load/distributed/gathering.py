"""Opens a run for its workers, and waits until they are there."""

import hashlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.config import hosts
from harness.config.profile import LOOPBACK, Connection, Profile, TargetStart
from harness.core import secret, url
from harness.core.errors import LoadError, UsageError
from harness.runtime import interrupt
from harness.runtime.load import locust_command
from harness.runtime.load.distributed import archive, collector, wire
from harness.runtime.load.distributed.crew import POLL_S, Crew

GATHER_S = 600.0
"""How long the workers may take to come."""
DISMISS_S = 3.0
"""How long they may take to learn that the run is over."""
ANY = ("0.0.0.0", "::")  # noqa: S104 - named by the user, to be refused where no worker could use it
BIND, WORKERS = "bind (--bind)", "expect_workers (--expect-workers)"
"""The key of a profile, and its flag: either may be what a message is about."""
OF_ONE_MACHINE = ("directory", "signal_file", "clients_file", "addresses")
"""Settings of the recorder that each worker makes for itself."""


def address_of(text: str, flag: str) -> tuple[str, int]:
    """HOST[:PORT], an IPv6 address in brackets. Raises UsageError."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(wire.PORT)
    bare = host.removeprefix("[").removesuffix("]")
    if not bare or not port.isdecimal() or not 0 < int(port) < 65535 or (":" in bare and host == bare):
        raise UsageError(f"{flag}: {text!r} must be HOST or HOST:PORT, with a port up to 65534, e.g. 10.0.0.5:5557")
    try:
        parsed = url.parse(f"http://{f'[{bare}]' if ':' in bare else bare}:{port}")
    except ValueError as error:
        raise UsageError(f"{flag}: {text!r}: {error}") from None
    if parsed.user or parsed.password:
        raise UsageError(f"{flag}: {text!r} must be a host alone, without a user")
    return bare, int(port)


def for_workers(profile: Profile) -> Profile:
    """The profile as its workers load it, its own target where they reach it. Raises UsageError."""
    if not profile.expect_workers:
        if profile.bind:
            raise UsageError(f"{BIND}: has no effect without workers on other hosts; add {WORKERS}, or leave it out")
        return profile
    if profile.load is not None:
        raise UsageError(f"{WORKERS}: a load command runs on this machine alone; leave one of the two out")
    address, _ = address_of(profile.bind or LOOPBACK[0], BIND)
    profile = replace(profile, workers=profile.expect_workers)
    if profile.start is None:
        given = hosts.read("--target", profile.target) if profile.target else None
        if profile.target_connection != Connection() or (given and (given.user or given.password)):
            raise UsageError(
                "target: credentials, headers, a CA or a proxy are not sent to workers; let the locustfile set them "
                "from each worker's own environment, and leave them out of the profile's target"
            )
    if profile.start is None or address in LOOPBACK:
        return profile
    if address in ANY:
        raise UsageError(
            f"{BIND}: {address} is no address that workers can reach the target at, which this profile starts here; "
            "name one of this machine's own"
        )
    start = replace(profile.start, host=address)
    check_listens(start, "start.command")
    return replace(profile, start=start)


def check_alone(profile: Profile, command: str) -> None:
    """See that a command that shows no line for workers needs none. Raises UsageError."""
    if profile.expect_workers:
        raise UsageError(
            f"profile {profile.name!r}: {WORKERS} lets workers on other hosts load, and {command} loads from this "
            "machine alone; choose another profile, or set the key to 0"
        )


def check_listens(start: TargetStart, where: str) -> None:
    """See that a target listens where workers on other hosts reach it. Raises UsageError; `where` names its command."""
    if start.host not in LOOPBACK and not any("{host}" in word for word in start.command):
        raise UsageError(
            f"{where}: has no {{host}}, so the target listens where no worker on another host reaches it; write "
            "{host}:{port} where it names 127.0.0.1:{port}"
        )


@contextmanager
def gathered(profile: Profile, project: Path, run: str, note: Callable[[str], None]) -> Iterator[Crew | None]:
    """The workers of a run, for as long as the block lasts; None for a profile that expects none.

    `note` shows a line. Raises UsageError when nobody can listen at the profile's address, LoadError when the workers
    do not come.
    """
    if not profile.expect_workers:
        yield None
        return
    address, port = address_of(profile.bind or LOOPBACK[0], BIND)
    _check_free(address, port)
    crew, shown = _crew(profile, project, run, (address, port), note)
    with ExitStack() as running:
        try:
            running.enter_context(collector.opened(address, port + 1, crew))
        except OSError as error:
            raise UsageError(
                f"{BIND}: {address}:{port + 1}, one above the named port, cannot be listened on: {error.strerror}; "
                "name another address or port"
            ) from None
        running.callback(_dismiss, crew)
        host = socket.gethostname() if address in ANY else address
        note(f"on each worker: {wire.TOKEN_VARIABLE}={shown} harness worker --master {_written(host)}:{port}")
        _await(crew)
        yield crew


def phase(crew: Crew, profile: Profile, target: str, name: str, settings: Mapping[str, Any]) -> wire.Phase:
    """What each worker is given to do."""
    return wire.Phase(
        crew.phase.number + 1 if crew.phase else 1,
        name,
        target,
        {key: value for key, value in settings.items() if key not in OF_ONE_MACHINE},
        tuple(locust_command.of_scenario(profile, target)),
        profile.stop_timeout_s,
        profile.witness_token_env,
    )


def _crew(
    profile: Profile, project: Path, run: str, bind: tuple[str, int], note: Callable[[str], None]
) -> tuple[Crew, str]:
    """The crew, and its token as it may be shown."""
    locustfile = locust_command.find_locustfile(profile, project)
    name, packed = archive.pack(locustfile, project)
    token = os.environ.get(wire.TOKEN_VARIABLE, "")
    shown = f"${wire.TOKEN_VARIABLE}"
    if token:
        secret.remember(token)
    else:
        token = shown = secrets.token_urlsafe(18)
    crew = Crew(
        run=run,
        size=profile.expect_workers,
        token=token,
        locustfile=name,
        archive=packed,
        archive_sha256=hashlib.sha256(packed).hexdigest(),
        scenario_sha256=wire.digest(locustfile),
        bind=bind[0],
        locust_port=bind[1],
        note=note,
    )
    return crew, shown


def _await(crew: Crew) -> None:
    began = time.monotonic()
    while len(crew.members) < crew.size:
        if time.monotonic() - began > GATHER_S:
            refused = f"; {'; '.join(crew.refused)}" if crew.refused else ""
            raise LoadError(
                f"{len(crew.members)} of {crew.size} workers came within {GATHER_S:g} s{refused}; start the others, or "
                f"lower {WORKERS}, and run again"
            )
        interrupt.sleep(POLL_S)


def _dismiss(crew: Crew) -> None:
    """Let the workers that are there learn that the run is over."""
    crew.ended = crew.over = True
    began = time.monotonic()
    while time.monotonic() - began < DISMISS_S:
        if all(member.ended or began - member.heard > DISMISS_S for member in crew.members.values()):
            return
        time.sleep(POLL_S)


def _check_free(address: str, port: int) -> None:
    """See that Locust's master can listen: its own message would only be in a log. Raises UsageError."""
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        raise UsageError(
            f"{BIND}: {address}:{port} cannot be listened on: {error.strerror}; name an address of this machine and a "
            "port that is free, with the one above it"
        ) from None


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host
