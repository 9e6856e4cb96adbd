"""A PostgreSQL server of the tests' own: on a free loopback port, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

USER = "postgres"
_NAMES = count(1)


def programs() -> Path | None:
    """The folder of the newest server programs on this machine."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda p: float(p.parent.name), default=None)


@contextmanager
def server() -> Iterator[str]:
    """Starts a server, yields the address of its first database, and stops it."""
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="needs the extra [postgres]")
    as_user = _as_user()
    folder = Path(tempfile.mkdtemp(prefix="stance-postgres-"))
    try:
        if as_user:
            shutil.chown(folder, USER)
        data, log = folder / "data", folder / "log"
        create = ["initdb", "-D", str(data), "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8"]
        _run(as_user, bin_folder, [*create, "--locale=C"], folder)
        port = _free_port()
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
            "-c fsync=off -c full_page_writes=off -c max_connections=60"
        )
        start = ["pg_ctl", "-D", str(data), "-l", str(log), "-w", "-o", options, "start"]
        _run(as_user, bin_folder, start, folder)
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        finally:
            stop = ["pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop"]
            _run(as_user, bin_folder, stop, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(address: str) -> Iterator[str]:
    """Makes an empty database on a server, yields its address and drops it."""
    url = sa.make_url(address).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"store_{os.getpid()}_{next(_NAMES)}"
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield sa.make_url(address).set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        engine.dispose()


def _as_user() -> list[str]:
    """PostgreSQL refuses to run as root; then it runs as the user that its package made."""
    if os.getuid() != 0:
        return []
    runuser = shutil.which("runuser")
    if runuser is None or subprocess.run(["id", USER], capture_output=True).returncode:
        pytest.skip(f"PostgreSQL does not run as root, and there is no user '{USER}'")
    return [runuser, "-u", USER, "--"]


def _run(as_user: list[str], folder: Path, command: list[str], cwd: Path) -> None:
    full = [*as_user, str(folder / command[0]), *command[1:]]
    # the server goes on writing to what it inherits, so that a pipe would never end
    with (cwd / "out").open("w+", encoding="utf-8") as out:
        done = subprocess.run(full, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=cwd)
        out.seek(0)
        assert done.returncode == 0, out.read()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
