"""E-mail as a mail server takes it: a real one on loopback, and a folder."""

import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Session

from hub.adapters.mail import FolderMailer, SmtpMailer
from hub.errors import Unavailable, Unprocessable
from hub.ports import Mail
from tests.support.ports import free_ports

SENDER = "Schule am Bühl <hub@school.example>"


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Receiver:
    """Keeps what it takes; `answer` is what it says to each message or recipient."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[bytes] = field(default_factory=list)

    async def handle_RCPT(self, server, session: Session, envelope, address: str, options) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session: Session, envelope) -> str:
        self.taken.append(envelope.content)
        return "250 OK"


def mail(to: str = "mara@school.example") -> Mail:
    return Mail(uuid4(), to, "Grüße", "Ein Link: https://hub.example/reset?link=" + "x" * 200, "<p>Ein Link</p>")


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def start(receiver) -> Iterator[object]:
    """Starts mail servers, and says on which port."""
    running: list[Controller] = []

    def begin(**options) -> int:
        (port,) = free_ports(1)
        controller = Controller(
            receiver, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True, ready_timeout=60, **options
        )
        running.append(controller)
        controller.start()
        return port

    yield begin
    for controller in running:
        controller.stop()


def mailer(port: int, tls: str = "none", user: str = "", password: str = "", host: str = "127.0.0.1") -> SmtpMailer:
    return SmtpMailer(Clock(), SENDER, host, port, tls, user, password)


def test_a_message_arrives_as_text_and_html(start, receiver):
    sent = mail()
    mailer(start()).send(sent)
    message = message_from_bytes(receiver.taken[0], policy=policy.default)
    assert (message["To"], message["Subject"], message["From"]) == (sent.to, sent.subject, SENDER)
    assert message["Message-ID"] == f"<{sent.id}@school.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_body(("plain",)).get_content().strip() == sent.text
    assert message.get_body(("html",)).get_content().strip() == sent.html


@pytest.mark.parametrize("address", ["mara@müller.example", "jürgen@school.example", "o'neil+x@school.example"])
def test_addresses_of_all_kinds_arrive(start, receiver, address):
    mailer(start()).send(mail(address))
    local, _, domain = address.partition("@")
    told = message_from_bytes(receiver.taken[0], policy=policy.default)["To"]
    assert told == f"{local}@{domain.encode('idna').decode()}"


def test_no_header_can_be_smuggled_in(start, receiver):
    with pytest.raises(ValueError, match="linefeed"):
        mailer(start()).send(Mail(uuid4(), "mara@school.example", "Hi\r\nBcc: x@y.example", "", ""))
    assert receiver.taken == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [("550 no such user", Unprocessable), ("450 greylisted, come again", Unavailable)],
)
def test_a_refused_address_is_final_and_a_busy_one_is_tried_again(start, receiver, answer, error):
    receiver.answers["mara@school.example"] = answer
    port = start()
    with pytest.raises(error, match=answer[:3]):
        mailer(port).send(mail())
    receiver.answers.clear()
    mailer(port).send(mail())


def test_a_server_that_is_away_is_tried_again():
    (port,) = free_ports(1)
    with pytest.raises(Unavailable):
        mailer(port).send(mail())


def check(server, session, envelope, mechanism, data) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"hub", b"right"), handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate for localhost that nobody vouches for but those who know it."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
def server_tls(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_password_and_message_go_encrypted_to_a_server_that_is_known(
    start, receiver, certificate, server_tls, monkeypatch, tls
):
    if tls == "starttls":
        port = start(tls_context=server_tls, require_starttls=True, authenticator=check, auth_required=True)
    else:
        port = start(ssl_context=server_tls, authenticator=check, auth_require_tls=False)
    with pytest.raises(Unavailable, match="certificate"):
        mailer(port, tls, "hub", "right").send(mail())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    with pytest.raises(Unavailable, match="535"):
        mailer(port, tls, "hub", "wrong").send(mail())
    assert receiver.taken == []
    mailer(port, tls, "hub", "right").send(mail())
    assert len(receiver.taken) == 1


def test_starttls_that_is_not_offered_sends_nothing(start, receiver):
    """A man in the middle who hides STARTTLS learns neither password nor message."""
    port = start(authenticator=check, auth_require_tls=False)
    with pytest.raises(Unprocessable, match="STARTTLS"):
        mailer(port, "starttls", "hub", "right").send(mail())
    assert receiver.taken == []


def test_a_folder_keeps_a_file_for_each_message(tmp_path):
    sent = mail()
    folder = FolderMailer(Clock(), SENDER, tmp_path / "mail")
    folder.send(sent)
    folder.send(sent)
    assert [path.name for path in (tmp_path / "mail").iterdir()] == [f"{sent.id}.eml"]
