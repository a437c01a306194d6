"""`make services`: what it puts in place while it installs, and what it says where it cannot."""

import os
from pathlib import Path

import pytest

from tools import services, setup
from tools.setup import SetupError


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the policy file would be, on a machine of our own; commands run as whoever runs the test."""
    monkeypatch.setattr(services, "SCRATCH", tmp_path)
    monkeypatch.setattr(setup, "SCRATCH", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(services, "POLICY", tmp_path / "sbin-policy-rc.d")
    return services.POLICY


def test_servers_are_kept_down_while_packages_are_installed_also_when_that_fails(policy: Path) -> None:
    """The policy says 101, is executable, and is gone afterwards."""
    with services.servers_kept_down():
        assert os.access(policy, os.X_OK)
        assert policy.read_text().endswith("exit 101\n")
    assert not policy.exists()
    with pytest.raises(SetupError, match="exit code 1 of"), services.servers_kept_down():
        setup.run(["false"])
    assert not policy.exists()


def test_a_policy_of_the_machine_is_left_alone_and_one_of_a_killed_call_is_removed(policy: Path) -> None:
    """The text tells whose it is."""
    policy.write_text("#!/bin/sh\nexit 101\n")
    with services.servers_kept_down():
        pass
    assert policy.read_text() == "#!/bin/sh\nexit 101\n"
    policy.write_text(services.POLICY_TEXT)
    with services.servers_kept_down():
        assert policy.exists()
    assert not policy.exists()


def test_without_apt_or_root_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages, and the exact command where there is one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"memcached missing: `make services` installs them on Debian and Ubuntu only"):
        services.install(["memcached"])
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/false\n")
    apt.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    command = "apt-get install -y --no-remove --no-install-recommends gcc memcached"
    with pytest.raises(SetupError, match=f"gcc, memcached missing; as root, run: {command}"):
        services.install(["gcc", "memcached"])


def test_nothing_missing_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where nothing could be installed."""
    monkeypatch.setenv("PATH", "")
    services.install([])


def test_each_package_of_the_drivers_lock_is_found(policy: Path) -> None:
    """One pinned entry with its hashes, and nothing of the next."""
    for name in ("mysqlclient", "setuptools"):
        lines = Path(services.pinned(name)).read_text().splitlines()
        assert lines[0].startswith(f"{name}==")
        assert len(lines) > 1
        assert all("--hash=sha256:" in line for line in lines[1:])
    assert not policy.exists()
