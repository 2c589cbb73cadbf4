"""E-mail: handed to a mail server (RFC 5321), or written to a folder where there is none."""

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path

from hub.errors import HubError, Unavailable, Unprocessable
from hub.ports import Clock, Mail

TIMEOUT_SECONDS = 15.0


class SmtpMailer:
    """`hub.ports.Mailer` by a mail server. `tls` is starttls, tls or none; certificates are always checked."""

    def __init__(
        self, clock: Clock, sender: str, host: str, port: int, tls: str, user: str = "", password: str = ""
    ) -> None:
        self._clock = clock
        self._sender = sender
        self._host = host
        self._port = port
        self._tls = tls
        self._user = user
        self._password = password

    def send(self, mail: Mail) -> None:
        message = message_of(mail, self._sender, self._clock)
        try:
            with self._connected() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise _refusal(error) from error

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_SECONDS, context=context)
            if self._tls == "tls"
            else smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
        )
        try:
            if self._tls == "starttls":
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server


def _refusal(error: Exception) -> HubError:
    """Whether to try again: 5yz means never (RFC 5321 section 4.2.1), apart from what an administrator can mend."""
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Unprocessable(f"The mail server cannot do what is needed: {error}.", code="mail_refused")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reason = next(iter(error.recipients.values()))
        told = f"The mail server said {code} {_line(reason)}"
    elif isinstance(error, smtplib.SMTPResponseException):
        code, told = error.smtp_code, f"The mail server said {error.smtp_code} {_line(error.smtp_error)}"
    else:
        return Unavailable(f"The mail server does not answer as it should: {error}.", code="mail_unavailable")
    is_final = isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError) and code >= 500
    return Unprocessable(told, code="mail_refused") if is_final else Unavailable(told, code="mail_unavailable")


def _line(reason: bytes | str) -> str:
    return (reason.decode(errors="replace") if isinstance(reason, bytes) else reason).replace("\n", " ")[:200]


class FolderMailer:
    """`hub.ports.Mailer` that writes each message as a file, for the demo and for trying."""

    def __init__(self, clock: Clock, sender: str, folder: Path) -> None:
        self._clock = clock
        self._sender = sender
        self._folder = folder

    def send(self, mail: Mail) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f".{mail.id}"
        unfinished.write_bytes(message_of(mail, self._sender, self._clock).as_bytes())
        unfinished.replace(self._folder / f"{mail.id}.eml")


def message_of(mail: Mail, sender: str, clock: Clock) -> EmailMessage:
    """The message (RFC 5322): plain text, with the same in HTML beside it.

    Its Message-ID is that of the work it belongs to, so that one that is sent twice after a crash is shown once.
    """
    name, address = parseaddr(sender)
    message = EmailMessage()
    message["From"] = _address(address, name)
    message["To"] = _address(mail.to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{mail.id}@{address.rpartition('@')[2]}>"
    # RFC 3834 section 5: no vacation message answers it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _address(address: str, name: str = "") -> Address:
    """The domain in its ASCII form (RFC 5890); a local part beyond ASCII needs a server with SMTPUTF8 (RFC 6531)."""
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain.encode("idna").decode())
