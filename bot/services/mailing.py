"""E-mail (``SMTP_URL``): handed in to a mail server, encrypted, or not at all."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from importlib import import_module
from typing import NoReturn

from bot.domain.errors import BotError
from bot.domain.mail import Letter, MailServer

logger = logging.getLogger(__name__)

_SECONDS = 30.0  #: for each step of the exchange
_TEMPORARY = range(400, 500)  #: codes of what may go better later (RFC 5321, 4.2.1)


class MailDelayed(BotError):
    """The mail server did not take an e-mail, and may take it later."""


class MailRefused(BotError):
    """The mail server takes no such e-mail; somebody has to change something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """E-mail through one server, to the people whom ``SMTP_URL`` names."""

    server: MailServer

    async def send(self, letter: Letter) -> int:
        """Hand *letter* in; return to how many of the recipients it goes.

        A server that took a letter and could not say so gets it again with the next attempt, under the same ``Message-ID``.

        Raises:
            MailDelayed: It may work later.
            MailRefused: It will not, for any of the recipients.
        """
        server = self.server
        message = await asyncio.to_thread(_written, letter, server)
        import aiosmtplib  # noqa: PLC0415 — 70 ms that only a bot with e-mail needs, spent in the thread

        try:
            async with aiosmtplib.SMTP(
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                local_hostname=server.sender.partition("@")[2],
                timeout=_SECONDS,
                use_tls=server.is_encrypted,
                start_tls=False if server.is_encrypted else None if server.is_local else True,
                validate_certs=not server.is_local,
            ) as connection:
                refused, _ = await connection.sendmail(server.sender, server.recipients, message)
        except (aiosmtplib.SMTPException, OSError) as error:
            _refuse(error)
        if refused:
            logger.warning("The mail server refused %d of %d recipients in SMTP_URL.", len(refused), len(server.recipients))
        return len(server.recipients) - len(refused)


def _written(letter: Letter, server: MailServer) -> bytes:
    """Return a letter as it goes over the wire, in seven bits."""
    import_module("aiosmtplib")
    message = EmailMessage(policy=SMTP)
    message["From"] = server.sender
    message["To"] = ", ".join(server.recipients)
    message["Subject"] = letter.subject
    message["Date"] = letter.at
    message["Message-ID"] = f"<{letter.reference}@{server.sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer
    message.set_content(letter.text, cte="quoted-printable")
    for file in letter.attachments:
        kind, _, subtype = (mimetypes.guess_type(file.name)[0] or "application/octet-stream").partition("/")
        message.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return message.as_bytes()


def _refuse(error: Exception) -> NoReturn:
    """Say what a failure means, without the server's words: they may repeat addresses.

    Raises:
        MailDelayed: It may work later.
        MailRefused: It will not.
    """
    from aiosmtplib import SMTPAuthenticationError, SMTPException  # noqa: PLC0415 — as above

    codes = list(_codes(error))
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in _chain(error)):
        raise MailRefused("The certificate of the mail server is not good: put the host's right name into SMTP_URL.") from error
    if isinstance(error, OSError) or any(code in _TEMPORARY for code in codes):
        said = f"answers {codes[0]}" if codes else f"cannot be reached ({type(error).__name__})"
        raise MailDelayed(f"The mail server {said}: the e-mail waits for the next attempt.") from error
    if isinstance(error, SMTPAuthenticationError):
        raise MailRefused("The mail server refuses user and password in SMTP_URL.") from error
    if codes:
        raise MailRefused(f"The mail server refuses the e-mail (code {codes[0]}): check from and to in SMTP_URL.") from error
    if isinstance(error, SMTPException) and "starttls extension not supported" in str(error).lower():
        raise MailRefused("The mail server offers no encryption on this port: use smtps:// and port 465 in SMTP_URL.") from error
    raise MailRefused("The mail server cannot do what SMTP_URL asks for: check its scheme, port, user and password.") from error


def _codes(error: Exception) -> Iterator[int]:
    """Yield the codes that the server answered, one for each recipient where it refused all."""
    from aiosmtplib import SMTPRecipientsRefused, SMTPResponseException  # noqa: PLC0415 — as above

    refusals = error.recipients if isinstance(error, SMTPRecipientsRefused) else [error]
    yield from (one.code for one in refusals if isinstance(one, SMTPResponseException))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
