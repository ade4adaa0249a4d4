"""``SMTP_URL``: what it means, and what is said about one that cannot be used."""

from __future__ import annotations

import pytest

from bot.domain.mail import MailServer
from bot.settings import SettingsError, load

ENDS = "must be smtp://user:password@host:587?from=…&to=…, or smtps:// with port 465"


def read(url: str) -> MailServer | None:
    """Return what the settings make of it."""
    return load({"SMTP_URL": url}, None).smtp_url


def test_what_it_means() -> None:
    """User and password are decoded, a plus stays one, nobody is named twice, and ports have their usual values."""
    found = read(
        "smtp://bot%40x:p%40%2Fss+1@mail.example.org?from=bot@example.org&to=a+b@example.org,c@example.org,c@example.org"
    )

    assert found == MailServer(
        host="mail.example.org",
        port=587,
        is_encrypted=False,
        is_local=False,
        user="bot@x",
        password="p@/ss+1",
        sender="bot@example.org",
        recipients=("a+b@example.org", "c@example.org"),
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtps://mail.example.org?from=a@b.c&to=d@e.f", ("mail.example.org", 465, True, False)),
        ("SMTP://localhost:2525/?to=d@e.f&from=a@b.c", ("localhost", 2525, False, True)),
        ("smtp://127.0.0.1?from=a@b.c&to=d@e.f", ("127.0.0.1", 587, False, True)),
        ("smtp://[::1]:25?from=a@b.c&to=d@e.f", ("::1", 25, False, True)),
    ],
)
def test_where_it_goes(url: str, expected: tuple[str, int, bool, bool]) -> None:
    """Scheme and host say how it is encrypted, and whether it has to be."""
    found = read(url)

    assert found is not None
    assert expected == (found.host, found.port, found.is_encrypted, found.is_local)


REST = "?from=bot@example.org&to=a@example.org"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (f"http://u:hunter2@mail.example.org{REST}", "begins with neither smtp:// nor smtps://"),
        ("hunter2", "begins with neither smtp:// nor smtps://"),
        (f"smtp://u:hunter 2@mail.example.org{REST}", "holds a blank; in a user or password it is written %20"),
        (
            f"smtp://u:hunter2@mail.example.org:mail{REST}",
            "has no port that is one; / ? # @ : in a password are written %2F %3F %23 %40 %3A",
        ),
        (
            f"smtp://u:hunter2/x@mail.example.org{REST}",
            "has no port that is one; / ? # @ : in a password are written %2F %3F %23 %40 %3A",
        ),
        (
            f"smtp://u:hunter2@mail.example.org/inbox{REST}",
            "holds a / or # where none belongs; in a password they are written %2F and %23",
        ),
        (f"smtp://u:hunter2@{REST}", "names no host"),
        (f"smtp://u@mail.example.org{REST}", "has a user without a password, or a password without a user"),
        ("smtp://u:hunter2@mail.example.org?to=a@example.org", "names no sender: from=… is one e-mail address"),
        ("smtp://u:hunter2@mail.example.org?from=bot&to=a@example.org", "names no sender: from=… is one e-mail address"),
        (
            "smtp://u:hunter2@mail.example.org?from=bot@example.org",
            "names nobody to write to: to=… is one e-mail address, or several separated by commas",
        ),
        (
            "smtp://u:hunter2@mail.example.org?from=bot@example.org&to=a@example.org;b@example.org",
            "names nobody to write to: to=… is one e-mail address, or several separated by commas",
        ),
        (
            "smtp://u:hunter2@mail.example.org?from=bot@example.org&to=a@x%0aBcc:b@x",
            "names nobody to write to: to=… is one e-mail address, or several separated by commas",
        ),
        (
            f"smtp://u:hunter2@mail.example.org{REST}&cc=x@example.org",
            "has something behind the question mark that is neither from= nor to=",
        ),
    ],
)
def test_what_is_wrong_is_said(url: str, fault: str) -> None:
    """One line names the fault, the rule and an example, and neither the address nor the password."""
    with pytest.raises(SettingsError) as refused:
        load({"SMTP_URL": url}, None)
    (line,) = refused.value.lines

    assert f"{fault}: {ENDS}, e.g. smtp://" in line
    assert line.startswith("SMTP_URL=")
    assert not [secret for secret in ("hunter", "mail.example.org{", "u:h") if secret in line]


def test_the_password_is_a_secret() -> None:
    """The log knows it in both forms, no repr shows it, and no other line repeats it."""
    variables = {"SMTP_URL": f"smtp://u:hunter%402@mail.example.org{REST}"}
    found = load(variables, None)
    with pytest.raises(SettingsError) as refused:
        load({**variables, "LOG_LEVEL": "xhunter%402x", "DB_PATH": variables["SMTP_URL"]}, None)

    assert {"hunter@2", "hunter%402"} <= set(found.secrets)
    assert "hunter" not in repr(found) + repr(found.smtp_url) + str(refused.value)
