"""Where e-mail is handed in, and what goes into it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from bot.domain.outgoing import OwnFile

_PORTS = {"smtp": 587, "smtps": 465}  #: RFC 6409, submission; RFC 8314, submissions
#: RFC 5321 allows more in front of the @, and mail providers give out no more.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


class Unfit(ValueError):
    """A value that cannot be used; the sentence says what is wrong with it, and holds nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A server that takes e-mail in for us, who it is from and to whom it goes."""

    host: str
    port: int
    is_encrypted: bool  #: from the first byte (``smtps``); otherwise by STARTTLS
    is_local: bool  #: on this machine, where nobody listens: it may do without encryption, and vouch for itself
    user: str | None
    password: str | None = field(repr=False)
    sender: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An e-mail."""

    subject: str
    text: str
    attachments: Sequence[OwnFile] = ()
    at: datetime
    reference: str  #: the same for each attempt to send it; letters, digits, dots and hyphens


def read_server(text: str) -> MailServer:
    """Return the server that ``smtp://user:password@host:587?from=…&to=…`` describes.

    Raises:
        Unfit: Something is missing or cannot be.
    """
    scheme, port, url = _split(text)
    if not url.hostname:
        raise Unfit("names no host")
    user, password = (unquote(part) if part else None for part in (url.username, url.password))
    if (user is None) != (password is None):
        raise Unfit("has a user without a password, or a password without a user")
    options = _options(url.query)
    sender, *more = options["from"] or [""]
    if not _ADDRESS.fullmatch(sender) or more:
        raise Unfit("names no sender: from=… is one e-mail address")
    recipients = tuple(dict.fromkeys(options["to"]))
    if not recipients or not all(_ADDRESS.fullmatch(one) for one in recipients):
        raise Unfit("names nobody to write to: to=… is one e-mail address, or several separated by commas")
    return MailServer(
        host=url.hostname,
        port=port or _PORTS[scheme],
        is_encrypted=scheme == "smtps",
        is_local=_is_local(url.hostname),
        user=user,
        password=password,
        sender=sender,
        recipients=recipients,
    )


def _split(text: str) -> tuple[str, int | None, SplitResult]:
    scheme = text.partition("://")[0].lower()
    if scheme not in _PORTS:
        raise Unfit("begins with neither smtp:// nor smtps://")
    if not text.isprintable() or " " in text:
        raise Unfit("holds a blank; in a user or password it is written %20")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise Unfit("has no port that is one; / ? # @ : in a password are written %2F %3F %23 %40 %3A") from None
    if port == 0 or url.fragment or url.path not in {"", "/"}:
        raise Unfit("holds a / or # where none belongs; in a password they are written %2F and %23")
    return scheme, port, url


def _options(query: str) -> dict[str, list[str]]:
    """Return what is behind the question mark; a + is one, as addresses have it."""
    options: dict[str, list[str]] = {"from": [], "to": []}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in options:
            raise Unfit("has something behind the question mark that is neither from= nor to=")
        options[name] += [address.strip() for address in unquote(value).split(",") if address.strip()]
    return options


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
