"""The servers that scaled-out backends need, private to this run: nothing that is installed is touched.

A backend whose server is not installed is skipped; `packaging/test` installs both (`postgresql`, `redis-server`).
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import redis

_SHOWN = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with a_postgres() as url:
        yield url


@contextmanager
def a_postgres() -> Iterator[str]:
    """`postgresql://…/` of a server of our own, without a database's name."""
    programs = _postgres_programs()
    with _folder() as folder:
        user = "postgres" if os.geteuid() == 0 else None  # a PostgreSQL server refuses to run as root
        if user:
            shutil.chown(folder, user)
        port = free_port()
        auth = ("-U", "fastclip", "--auth=trust", "--no-sync")
        subprocess.run([programs / "initdb", "-D", folder / "db", *auth], check=True, user=user, **_SHOWN)
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with _running([programs / "postgres", "-D", folder / "db", *words], user=user):
            url = f"postgresql://fastclip@127.0.0.1:{port}/"
            _until(lambda: psycopg.connect(url + "postgres").close(), psycopg.OperationalError)
            yield url


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """The address of an empty database."""
    name = f"test_{os.urandom(6).hex()}"
    with psycopg.connect(postgres_server + "postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    return postgres_server + name


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    with _folder() as folder:
        url = f"redis://127.0.0.1:{(port := free_port())}/0"
        words = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder))
        with _running([program, *words]), closing(redis.Redis.from_url(url)) as client:
            _until(client.ping, redis.ConnectionError)
            yield url


@pytest.fixture(name="redis")
def empty_redis(redis_server: str) -> str:
    """The address of an empty Redis."""
    with closing(redis.Redis.from_url(redis_server)) as client:
        client.flushall()
    return redis_server


def free_port() -> int:
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def _postgres_programs() -> Path:
    """Debian keeps the server's programs off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.skip("postgresql is not installed")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


@contextmanager
def _folder() -> Iterator[Path]:
    """Not pytest's: those are closed to other users, and `postgres` is one."""
    folder = Path(tempfile.mkdtemp(prefix="fastclip-test-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _running(command: list[str | Path], user: str | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, user=user, **_SHOWN)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(attempt: Callable[[], object], error: type[Exception], patience_s: float = 20.0) -> None:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        with suppress(error):
            attempt()
            return
        time.sleep(0.05)
    attempt()
