"""What the text of a variable becomes; each raises a ValueError where it cannot, and the error line is made from the field."""

from __future__ import annotations

import base64
import re
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from bot.domain.errors import InvalidInput
from bot.domain.mail import MailServer, read_server
from bot.domain.zones import zone_name

_ID_LIMIT = 2**52  #: Telegram: an id "has at most 52 significant bits" (Bot API, User.id)
_KEY_BYTES = 32  #: AES-256


def matching(pattern: str) -> BeforeValidator:
    """Let only text through that *pattern* describes: pydantic takes ``1_000``, ``1.0``, ``inf`` and ``١`` for numbers too."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return BeforeValidator(check)


def is_set(text: str) -> bool:
    """Return whether a switch is on: anything but 0, false, no and off."""
    return text.lower() not in {"0", "false", "no", "off"}


def items(text: str) -> list[str]:
    """Return what stands between the commas."""
    return [item.strip() for item in text.split(",") if item.strip()]


def _ids(text: str) -> tuple[int, ...]:
    given = items(text)
    if not all(re.fullmatch(r"[0-9]{1,16}", item) and 0 < int(item) < _ID_LIMIT for item in given):
        raise ValueError
    return tuple(dict.fromkeys(int(item) for item in given))


def _key(text: str) -> bytes:
    """Decode 32 bytes from base64, in the standard or the URL-safe alphabet, padded or not."""
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    key = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    if len(key) != _KEY_BYTES:
        raise ValueError
    return key


def _keys(text: str) -> tuple[bytes, ...]:
    keys = tuple(_key(item) for item in items(text))
    if not keys:
        raise ValueError
    return keys


def _zone(text: str) -> str:
    try:
        return zone_name(text)
    except InvalidInput as error:
        raise ValueError from error


def _recipients(text: str) -> tuple[str, ...]:
    given = tuple(dict.fromkeys(items(text)))
    pyrage: Any = import_module("pyrage")  # only where it is needed; it has no types
    for item in given:
        try:
            pyrage.x25519.Recipient.from_str(item)
        except pyrage.RecipientError as error:
            raise ValueError from error
    return given


def _path(text: str) -> Path:
    if "\0" in text or "://" in text:
        raise ValueError
    return Path(text)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # no permission to look, or a name that is too long
        return False


def _file(text: str) -> Path:
    """Return what can be the path of a file; SQLite's ``:memory:`` would lose everything at each start."""
    path = _path(text)
    if text == ":memory:" or text.endswith("/") or _is_folder(path):
        raise ValueError
    return path


def _existing_folder(text: str) -> Path:
    path = _path(text)
    if not _is_folder(path):
        raise ValueError
    return path


def to_database_url(text: str) -> str:
    """Return ``sqlite:///PATH`` or ``postgresql://…``, the two forms the rest of the bot knows."""
    scheme, _, rest = text.partition("://")
    match scheme.lower():
        case "sqlite" if rest.startswith("/") and "?" not in rest:
            return f"sqlite:///{_file(rest.removeprefix('/'))}"
        case "postgres" | "postgresql" if rest and rest.isprintable() and " " not in rest:
            _ = urlsplit(f"postgresql://{rest}")  # refuses a broken [IPv6] address
            return f"postgresql://{rest}"
        case _:
            raise ValueError


def to_api_url(text: str) -> str:
    """Return the base below which ``/bot<token>/<method>`` lies, without a slash at its end."""
    url = urlsplit(text)
    is_base = url.scheme in {"http", "https"} and url.hostname and not url.query and not url.fragment
    if not is_base or re.search(r"[\s\0]|/bot[^/]*/*$", text) or url.port == 0:  # .port raises where it is no port
        raise ValueError
    return text.rstrip("/")


def to_heartbeat_url(text: str) -> str:
    """Return an address that is asked for to say that we live; its path is a secret."""
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname or url.fragment or not text.isprintable() or " " in text:
        raise ValueError
    _ = url.port  # raises where it is no port
    return text


def described(rule: str, example: str, default: object = None, **more: Any) -> Any:  # noqa: ANN401 - as pydantic's Field
    """Return a field with the rule and the example that its error line names."""
    return Field(default, description=rule, examples=[example], **more)


def whole(default: int | None, unit: str, bounds: tuple[int, int], example: int | None = None, **more: Any) -> Any:  # noqa: ANN401 - as pydantic's Field
    """Describe a whole number of *unit* within *bounds*, both included."""
    least, most = bounds
    rule = f"must be a whole number{unit and ' of '}{unit} from {least} to {most}"
    return described(rule, str(example or default), default, ge=least, le=most, **more)


Whole = Annotated[int, matching(r"-?[0-9]{1,18}")]
OptionalWhole = Annotated[int | None, matching(r"-?[0-9]{1,18}")]
Rate = Annotated[float, matching(r"[0-9]{1,9}(\.[0-9]{1,9})?")]
Token = Annotated[SecretStr, matching(r"[0-9]+:[A-Za-z0-9_-]{10,}")]
Ids = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_ids)]
Keys = Annotated[tuple[bytes, ...] | None, NoDecode, BeforeValidator(_keys)]
Mail = Annotated[MailServer | None, NoDecode, BeforeValidator(read_server)]
Recipients = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_recipients)]
Zone = Annotated[str, BeforeValidator(_zone)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)]
LogFormat = Annotated[Literal["text", "json"], BeforeValidator(str.lower)]
ExistingFolder = Annotated[Path, BeforeValidator(_existing_folder)]
Folder = Annotated[Path, BeforeValidator(_path)]
File = Annotated[Path, BeforeValidator(_file)]
