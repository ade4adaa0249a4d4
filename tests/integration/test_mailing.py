"""E-mail, handed in to a real server on loopback."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.mail import Letter, MailServer
from bot.domain.outgoing import OwnFile
from bot.services import mailing
from bot.services.mailing import MailDelayed, Mailing, MailRefused
from tests.mail import PASSWORD, USER, MailBox, certificate, mail_server

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LETTER = Letter(
    subject="Weekly report – 2026-W09",
    text="Requests: 12\nዛሬ <5\n.\nend",
    attachments=(OwnFile("week.png", bytes(range(256)) * 100), OwnFile("week.csv", b"Figure,now\r\nRequests,12\r\n")),
    at=AT,
    reference="weekly-report.2026-W09.0a1b",
)
SERVER = MailServer(
    host="127.0.0.1",
    port=0,
    is_encrypted=False,
    is_local=True,
    user=None,
    password=None,
    sender="bot@example.org",
    recipients=("a@example.org", "b@example.org"),
)
KNOWN = {"user": USER.decode(), "password": PASSWORD.decode()}


def to(box: MailBox, **more: object) -> Mailing:
    """Return what hands e-mail in to this server."""
    return Mailing(server=replace(SERVER, port=box.port, **more))  # type: ignore[arg-type]


async def test_a_letter_arrives_as_it_was_written() -> None:
    """Text, attachments with their types and names, sender, recipients, date, and an id that is the same in each attempt."""
    async with mail_server() as box:
        sent = [await to(box).send(LETTER) for _ in range(2)]
    first, again = box.taken
    files = list(first.iter_attachments())
    body = first.get_body()

    assert [2, 2] == sent
    assert [["a@example.org", "b@example.org"]] * 2 == box.envelopes
    assert ("bot@example.org", "a@example.org, b@example.org", LETTER.subject) == (first["From"], first["To"], first["Subject"])
    assert AT == first["Date"].datetime
    assert {"<weekly-report.2026-W09.0a1b@example.org>"} == {first["Message-ID"], again["Message-ID"]}
    assert body is not None
    assert LETTER.text.split() == body.get_content().split()
    assert [("week.png", "image/png"), ("week.csv", "text/csv")] == [
        (one.get_filename(), one.get_content_type()) for one in files
    ]
    assert [file.content for file in LETTER.attachments] == [one.get_payload(decode=True) for one in files]


async def test_where_encryption_is_offered_it_is_used(tmp_path: Path) -> None:
    """By STARTTLS, and before user and password are told; on this machine the certificate may be anybody's."""
    context, _ = certificate(tmp_path)
    async with mail_server(starttls=context, with_login=True) as box:
        sent = await to(box, **KNOWN).send(LETTER)

    assert (2, True) == (sent, box.is_encrypted)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_another_machine_must_be_who_it_says(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its certificate has to be good; then it gets the letter, encrypted."""
    context, trusted = certificate(tmp_path)
    is_encrypted = scheme == "smtps"
    async with mail_server(**{"smtps" if is_encrypted else "starttls": context}) as box:
        far = to(box, is_encrypted=is_encrypted, is_local=False)
        with pytest.raises(MailRefused, match="certificate of the mail server is not good"):
            await far.send(LETTER)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        sent = await far.send(LETTER)

    assert (2, 1, True) == (sent, len(box.taken), box.is_encrypted)


async def test_nothing_goes_to_another_machine_in_the_clear() -> None:
    """Where it offers no encryption, it gets neither the password nor the letter."""
    async with mail_server(with_login=True) as box:
        with pytest.raises(MailRefused, match="offers no encryption on this port: use smtps:// and port 465"):
            await to(box, is_local=False, **KNOWN).send(LETTER)

    assert [] == box.taken


Change = Callable[[MailBox], None]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda box: box.answers.append("451 try later, a@example.org"), MailDelayed, "answers 451"),
        (lambda box: box.answers.append("421 going down"), MailDelayed, "answers 421"),
        (lambda box: box.answers.append("554 spam, a@example.org"), MailRefused, "code 554"),
        (lambda box: box.refused.update(SERVER.recipients), MailRefused, "code 550"),
    ],
)
async def test_what_passes_is_told_from_what_does_not(change: Change, error: type[Exception], said: str) -> None:
    """What may go better later is told apart from what will not; the server's own words, which repeat addresses, are not told."""
    async with mail_server() as box:
        change(box)
        with pytest.raises(error) as refused:
            await to(box).send(LETTER)

    assert said in str(refused.value)
    assert "example.org" not in str(refused.value)


async def test_one_bad_address_keeps_nobody_else_waiting() -> None:
    """The others get it."""
    async with mail_server() as box:
        box.refused.add("a@example.org")
        sent = await to(box).send(LETTER)

    assert (1, [["b@example.org"]]) == (sent, box.envelopes)


async def test_a_wrong_password_is_said() -> None:
    """What is wrong is said, and the password is not."""
    async with mail_server(with_login=True) as box:
        with pytest.raises(MailRefused) as refused:
            await to(box, user="bot", password="hunter2hunter2").send(LETTER)

    assert "The mail server refuses user and password in SMTP_URL." == str(refused.value)


async def test_a_password_that_nobody_asked_for() -> None:
    """A server without log-in cannot check one."""
    async with mail_server() as box:
        with pytest.raises(MailRefused, match="cannot do what SMTP_URL asks for"):
            await to(box, **KNOWN).send(LETTER)


async def test_a_server_that_is_not_there() -> None:
    """The next attempt may find it."""
    with socket.socket() as taken, pytest.raises(MailDelayed, match="cannot be reached"):
        taken.bind(("127.0.0.1", 0))  # and nobody listens there
        await Mailing(server=replace(SERVER, port=taken.getsockname()[1])).send(LETTER)


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for longer than the timeout."""
    monkeypatch.setattr(mailing, "_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(MailDelayed, match="cannot be reached"):
        await Mailing(server=replace(SERVER, port=silent.getsockname()[1])).send(LETTER)
