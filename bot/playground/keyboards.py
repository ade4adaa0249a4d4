"""Keyboards below messages: what Telegram accepts, and what a person reads on the buttons."""

from __future__ import annotations

from bot.playground.wire import Json, as_list, as_object, as_objects, bad_request

MAX_CALLBACK_DATA_BYTES = 64  #: Bot API, InlineKeyboardButton
_KINDS = frozenset({"inline_keyboard", "keyboard", "remove_keyboard", "force_reply"})
_ACTIONS = frozenset(
    {
        "callback_data",
        "callback_game",
        "copy_text",
        "login_url",
        "pay",
        "switch_inline_query",
        "switch_inline_query_chosen_chat",
        "switch_inline_query_current_chat",
        "url",
        "web_app",
    },
)


def check_inline_keyboard(value: object) -> Json | None:
    """Give an inline keyboard that Telegram would accept; None where there is none.

    Raises:
        ApiError: As :func:`check_keyboard`, and for a keyboard of another kind.
    """
    markup = check_keyboard(value)
    if markup and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    return markup


def check_keyboard(value: object) -> Json | None:
    """Give a keyboard that Telegram would accept; None where there is none.

    Raises:
        ApiError: It is not a keyboard, or a button is not allowed.
    """
    if value is None:
        return None
    markup = as_object(value)
    if not markup:
        raise bad_request("object expected as reply markup")
    if not _KINDS & markup.keys():
        return None
    for button in _buttons(markup, "inline_keyboard"):
        _check_inline(button)
    return None if markup.get("inline_keyboard") == [] else markup


def _buttons(markup: Json, kind: str) -> list[Json]:
    return [button for row in as_list(markup.get(kind)) for button in as_objects(row)]


def _check_inline(button: Json) -> None:
    if not button.get("text"):
        raise bad_request("can't parse inline keyboard button: Can't find field \"text\"")
    if not _ACTIONS & button.keys():
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= MAX_CALLBACK_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")


def keyboard_labels(markup: Json | None) -> list[list[str]]:
    """Give the rows of labels of a keyboard of either kind."""
    if not markup:
        return []
    rows = as_list(markup.get("inline_keyboard")) or as_list(markup.get("keyboard"))
    return [[_label(button) for button in as_list(row)] for row in rows]


def _label(button: object) -> str:
    return button if isinstance(button, str) else str(as_object(button).get("text", ""))


def find_inline(markup: Json | None, label: str) -> Json | None:
    """Find the button that can be pressed by *label*: the very text first, else one that contains it."""
    pressable = [button for button in _buttons(markup or {}, "inline_keyboard") if "callback_data" in button]
    return _by_label(pressable, label)


def find_reply(markup: Json | None, label: str) -> str | None:
    """Find the text that a reply keyboard would send for *label*."""
    labels = [text for row in keyboard_labels(markup) for text in row]
    found = _by_label([{"text": text} for text in labels], label)
    return str(found["text"]) if found else None


def _by_label(buttons: list[Json], label: str) -> Json | None:
    exact = [button for button in buttons if button.get("text") == label]
    partial = [button for button in buttons if label in str(button.get("text", ""))]
    return next(iter([*exact, *partial]), None)
