"""Where webhooks may go (backend-spec 7.2): the table of addresses, the pinned connection, and what ends it."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from fastclip import targets
from fastclip.targets import Refused, Target, Unreachable
from tests.certificates import certificate
from tests.receiver import Receiver, receiving

BOTH, OWNER, NOBODY = (True, True), (True, False), (False, False)
"""Who may: (the owner, a member). OWNER is by the allow-list of ports, which names 8000."""

TABLE = [
    # This machine, in every way to write it.
    ("http://127.0.0.1/", NOBODY),
    ("http://127.0.0.1:8000/", OWNER),
    ("http://127.0.0.1:8001/", NOBODY),
    ("http://127.1:8000/", OWNER),
    ("http://127.1/", NOBODY),
    ("http://0177.0.0.1/", NOBODY),
    ("http://2130706433/", NOBODY),
    ("http://0x7f.0.0.1/", NOBODY),
    ("http://0x7f000001/", NOBODY),
    ("http://0x7f000001:8000/", OWNER),
    ("http://127.255.255.254/", NOBODY),
    ("http://localhost/", NOBODY),
    ("http://localhost:8000/", OWNER),
    ("http://LOCALHOST./", NOBODY),
    ("http://[::1]/", NOBODY),
    ("http://[::1]:8000/", OWNER),
    ("http://[0:0:0:0:0:0:0:1]/", NOBODY),
    ("http://[::ffff:127.0.0.1]/", NOBODY),
    ("http://[::ffff:7f00:1]:8000/", OWNER),
    ("http://[64:ff9b::7f00:1]/", NOBODY),
    ("http://[2002:7f00:1::]/", NOBODY),
    ("http://[::127.0.0.1]/", NOBODY),
    ("http://0.0.0.0/", NOBODY),
    ("http://0.0.0.0:8000/", NOBODY),
    ("http://0/", NOBODY),
    ("http://[::]/", NOBODY),
    ("http://[::ffff:0.0.0.0]:8000/", NOBODY),
    ("http://①②⑦.⓪.⓪.①/", NOBODY),
    ("http://１２７.０.０.１:8000/", OWNER),
    # Link-local, where clouds keep their metadata.
    ("http://169.254.169.254/latest/meta-data/", NOBODY),
    ("http://[::ffff:169.254.169.254]/", NOBODY),
    ("http://[64:ff9b::a9fe:a9fe]/", NOBODY),
    ("http://[2002:a9fe:a9fe::]/", NOBODY),
    ("http://2852039166/", NOBODY),
    ("http://[fe80::1]/", NOBODY),
    ("http://[fe80::1%25eth0]/", NOBODY),
    ("http://[fe80::1%eth0]/", NOBODY),
    # The LAN.
    ("http://192.168.1.5:5678/", BOTH),
    ("http://10.0.0.1/", BOTH),
    ("http://172.16.0.1/", BOTH),
    ("http://172.31.255.255/", BOTH),
    ("http://100.64.1.1/", BOTH),
    ("http://[fd00::1]/", BOTH),
    ("http://[::ffff:192.168.1.5]/", BOTH),
    # Everywhere.
    ("http://172.32.0.1/", BOTH),
    ("http://8.8.8.8/", BOTH),
    ("https://8.8.8.8/hook?a=b", BOTH),
    ("http://[2606:4700::1111]/", BOTH),
    ("http://8.8.8.8#@127.0.0.1/", BOTH),
    ("http://8.8.8.8:8080/a/%2e%2e/b", BOTH),
    # Nowhere.
    ("http://224.0.0.1/", NOBODY),
    ("http://[ff02::1]/", NOBODY),
    ("http://255.255.255.255/", NOBODY),
    ("http://240.0.0.1/", NOBODY),
    ("http://192.0.2.1/", NOBODY),
    ("http://198.18.0.1/", NOBODY),
    ("http://[2001:db8::1]/", NOBODY),
    ("http://[100::1]/", NOBODY),
    # Not URLs to post to.
    ("http://user@8.8.8.8/", NOBODY),
    ("http://a:b@8.8.8.8/", NOBODY),
    ("http://@8.8.8.8/", NOBODY),
    ("http://8.8.8.8:99999/", NOBODY),
    ("http://8.8.8.8:0/", NOBODY),
    ("http://8.8.8.8:-1/", NOBODY),
    ("http://127.0.0.1\\@8.8.8.8/", NOBODY),
    ("http://8.8.8.8/a b", NOBODY),
    ("http://8.8.8.8/\r\nHost: evil", NOBODY),
    ("http:///x", NOBODY),
    ("http://", NOBODY),
    ("//8.8.8.8/", NOBODY),
    ("8.8.8.8", NOBODY),
    ("file:///etc/passwd", NOBODY),
    ("gopher://8.8.8.8/", NOBODY),
    ("ftp://8.8.8.8/", NOBODY),
    ("javascript:alert(1)", NOBODY),
    ("http://exa<mple.org/", NOBODY),
    # Services that take what looks like HTTP.
    ("http://8.8.8.8:22/", NOBODY),
    ("http://8.8.8.8:25/", NOBODY),
    ("http://192.168.1.5:6379/", NOBODY),
    ("http://192.168.1.5:5432/", NOBODY),
    ("http://192.168.1.5:11211/", NOBODY),
    ("https://8.8.8.8:465/", NOBODY),
]


def is_let(url: str, *, is_owner: bool) -> bool:
    try:
        targets.resolve(url, is_owner=is_owner)
    except Refused as refused:
        assert refused.param == "url" and refused.message.endswith((".", "first."))
        return False
    return True


@pytest.mark.parametrize(("url", "who"), TABLE)
def test_a_webhook_goes_where_the_table_says(url: str, who: tuple[bool, bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "loopback_ports", frozenset({"8000"}))
    monkeypatch.setattr(targets, "is_own", lambda address: False)
    assert (is_let(url, is_owner=True), is_let(url, is_owner=False)) == who


def test_a_member_does_not_reach_this_machine_by_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "is_own", lambda address: str(targets._bare(address)) == "192.168.1.5")
    for host in ("192.168.1.5:8000", "[::ffff:192.168.1.5]:8000"):
        assert is_let(f"http://{host}/", is_owner=True) and not is_let(f"http://{host}/", is_owner=False)
    assert is_let("http://192.168.1.6:8000/", is_owner=False)


def test_this_machine_knows_its_own_addresses() -> None:
    mine = [row.address for rows in psutil.net_if_addrs().values() for row in rows if row.family == socket.AF_INET]
    assert "127.0.0.1" in mine and all(targets.is_own(ipaddress.ip_address(one)) for one in mine)
    assert targets.is_own(ipaddress.ip_address("::ffff:127.0.0.1"))
    assert not targets.is_own(ipaddress.ip_address("8.8.8.8"))


def answers(*addresses: str) -> Any:
    """A name server that says this, whatever is asked."""
    return lambda host, port, **_: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]


@pytest.mark.parametrize("second", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1"])
def test_one_bad_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch, second: str) -> None:
    monkeypatch.setattr(targets, "lookup", answers("8.8.8.8", second))
    assert not is_let("http://two-faced.example.org/", is_owner=True)
    monkeypatch.setattr(targets, "lookup", answers("8.8.8.8", "192.168.1.5"))
    assert is_let("http://two-faced.example.org/", is_owner=False)


def test_a_name_that_nobody_knows_is_unreachable_and_may_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("not known")

    monkeypatch.setattr(targets, "lookup", unknown)
    with pytest.raises(Unreachable, match="The name nowhere.example.org is not known."):
        targets.resolve("http://nowhere.example.org/", is_owner=True)
    targets.check("http://nowhere.example.org/", is_owner=True)


def test_a_host_goes_over_the_wire_as_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "lookup", answers("8.8.8.8"))
    target = targets.resolve("https://bücher.example:8443/größe?q=ä", is_owner=True)
    assert target.authority == "xn--bcher-kva.example:8443" and target.path == "/gr%C3%B6%C3%9Fe?q=%C3%A4"


# -- The pinned connection ---------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


def pinned(port: int, *addresses: str, scheme: str = "http", host: str = "hooks.example.org") -> Target:
    return Target(scheme, host, port, "/hook", f"{host}:{port}", addresses or ("127.0.0.1",))


def test_the_connection_goes_to_the_address_that_was_looked_at(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_again(*_: Any, **__: Any) -> Any:
        raise AssertionError("looked up twice")

    monkeypatch.setattr(targets, "lookup", look_again)
    assert targets.post(pinned(receiver.port), b"{}", {"X-A": "b"}) == 200
    (one,) = receiver.came
    assert one.headers["host"] == f"hooks.example.org:{receiver.port}" and one.headers["x-a"] == "b"
    assert one.body == b"{}" and one.path == "/hook"


@pytest.mark.parametrize("then", ["127.0.0.1", "0.0.0.0", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("is_owner", [True, False])
def test_a_name_that_is_pointed_elsewhere_gains_nothing(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, then: str, is_owner: bool
) -> None:
    looks = iter(["8.8.8.8", then, then])
    monkeypatch.setattr(targets, "lookup", lambda host, port, **_: answers(next(looks))(host, port))
    url = f"http://rebound.example.org:{receiver.port}/"
    first = targets.resolve(url, is_owner=is_owner)
    assert first.addresses == ("8.8.8.8",)
    with pytest.raises(Refused):
        targets.resolve(url, is_owner=is_owner)
    assert receiver.came == []


def test_the_next_address_is_tried_when_one_does_not_answer(receiver: Receiver) -> None:
    assert targets.post(pinned(receiver.port, "127.0.0.99", "127.0.0.1"), b"{}", {}) == 200


def test_no_proxy_is_taken_from_the_environment(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert targets.post(pinned(receiver.port), b"{}", {}) == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.answer = lambda came: status
    assert targets.post(pinned(receiver.port), b"{}", {}) == status
    assert len(receiver.came) == 1


def test_what_a_receiver_says_is_not_read(receiver: Receiver) -> None:
    receiver.answer = lambda came: b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nbegin"
    assert targets.post(pinned(receiver.port), b"{}", {}) == 200


@pytest.mark.parametrize(
    "answer", [None, b"220 mail.example.org ESMTP\r\n", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000]
)
def test_what_is_no_answer_is_said(receiver: Receiver, answer: bytes | None) -> None:
    receiver.answer = lambda came: answer
    with pytest.raises(Unreachable, match="The connection ended without an HTTP answer."):
        targets.post(pinned(receiver.port), b"{}", {})


def test_nobody_listens_is_said() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="The connection was refused."):
            targets.post(pinned(sock.getsockname()[1]), b"{}", {})


def test_a_receiver_that_trickles_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "TOTAL_S", 0.6)
    stop = threading.Event()

    def trickle(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            while not stop.wait(0.05):
                try:
                    connection.send(b"H")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=trickle, args=(listener,))
        thread.start()
        try:
            with pytest.raises(Unreachable, match="No answer within|without an HTTP answer"):
                targets.post(pinned(listener.getsockname()[1]), b"{}", {})
        finally:
            stop.set()
            thread.join()


def test_a_receiver_that_is_silent_is_left(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "TOTAL_S", 0.3)
    done = threading.Event()
    receiver.answer = lambda came: 200 if done.wait(20) else 200
    try:
        with pytest.raises(Unreachable, match="No answer within"):
            targets.post(pinned(receiver.port), b"{}", {})
    finally:
        done.set()


# -- TLS ---------------------------------------------------------------------------------------------------


class Secure:
    """One TLS receiver for hooks.example.org; which name it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.trusted, self._context = certificate(folder, "hooks.example.org")
        self.asked: list[str | None] = []
        self._context.sni_callback = lambda sock, name, context: self.asked.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
                with self._context.wrap_socket(connection, server_side=True) as stream:
                    sent = b""
                    while not sent.endswith(b"{}"):
                        sent += stream.recv(65536)
                    stream.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            except ssl.SSLError:
                continue
            except OSError:
                if self._listener.fileno() < 0:
                    return

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secure]:
    opened = Secure(tmp_path)
    trusted = ssl.create_default_context(cafile=str(opened.trusted))
    monkeypatch.setattr(targets, "trust", lambda: trusted)
    yield opened
    opened.close()


def test_the_certificate_is_that_of_the_name_though_the_connection_goes_to_an_address(secure: Secure) -> None:
    assert targets.post(pinned(secure.port, scheme="https"), b"{}", {}) == 204
    assert secure.asked == ["hooks.example.org"]


def test_a_certificate_of_another_name_is_refused(secure: Secure) -> None:
    with pytest.raises(Unreachable, match="The certificate is not valid: .*other.example.org"):
        targets.post(pinned(secure.port, scheme="https", host="other.example.org"), b"{}", {})


def test_a_certificate_that_nobody_trusts_is_refused(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(Unreachable, match="The certificate is not valid"):
        targets.post(pinned(secure.port, scheme="https"), b"{}", {})
