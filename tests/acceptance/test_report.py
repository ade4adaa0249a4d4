"""The weekly report over HTTP: as a command beside the bot, to Telegram and to a mail server."""

from __future__ import annotations

import io
import zipfile

from bot.playground import BotApiServer
from tests.acceptance.program import UNLIMITED, Programs
from tests.mail import PASSWORD, USER, mail_server


async def test_the_report_arrives_in_telegram_and_by_e_mail(server: BotApiServer, programs: Programs) -> None:
    """Lensa gets the figures, a picture and two tables that she may keep, and the office gets the same as e-mail; once."""
    lensa = server.person("Lensa")
    await programs.start(ADMIN_IDS=str(lensa.id), **UNLIMITED)
    await lensa.open()
    await lensa.see("What would you like to do?")
    async with mail_server(with_login=True) as box:
        login = f"{USER.decode()}:p%40ss%2Fword"
        url = f"smtp://{login}@127.0.0.1:{box.port}?from=bot@example.org&to=office@example.org"
        done = [await programs.tasks("weekly_report", ADMIN_IDS=str(lensa.id), SMTP_URL=url, **UNLIMITED) for _ in range(2)]
    text = await lensa.see("Weekly report: ")
    picture, table, book = [await lensa.see(kind=kind) for kind in ("photo", "document", "document")]
    (letter,) = box.taken

    assert [0, 0] == [one.code for one in done], done
    assert not [one for one in done if PASSWORD.decode() in one.out + one.err or "office@" in one.out + one.err]
    assert "Requests: 0 (0)" in text.text
    assert picture.content.startswith(b"\x89PNG")
    assert table.content.startswith(b"Figure,")
    assert zipfile.is_zipfile(io.BytesIO(book.content))
    assert [False] * 3 == [one.protect_content for one in (picture, table, book)]
    assert ["csv", "xlsx"] == [(one.file_name or "").rpartition(".")[2] for one in (table, book)]
    assert [picture.content, table.content, book.content] == [one.get_payload(decode=True) for one in letter.iter_attachments()]
    assert 4 == len([message for message in lensa.bot_messages if message.seen_at >= text.seen_at])
