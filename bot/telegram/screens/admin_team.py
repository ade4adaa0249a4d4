"""The admins, as admins see them."""

from __future__ import annotations

from bot.domain.outgoing import Button
from bot.services.appointing import Appointed, Team
from bot.telegram.screens import Screen, paging
from bot.telegram.screens.admin import BACK
from bot.texts import admin as texts_
from bot.texts import everyone

_TO_TEAM = [[Button(everyone.BACK, "admin.team")], BACK]


def team(found: Team) -> Screen:
    """Return who the admins are, those who were appointed each with a button."""
    title = paging.titled(texts_.ADMINS_TITLE(fixed=found.fixed, appointed=found.total), found.appointed.position)
    rows = [[Button(texts_.ADMIN_LINE(name=one.name), "admin.member", str(one.id))] for one in found.appointed.items]
    appoint = [Button(texts_.APPOINT_SOMEBODY, "admin.appoint")]
    return title, [*rows, *paging.turn(found.appointed.position, "admin.team"), appoint, BACK]


def member(one: Appointed) -> Screen:
    """Return an appointed admin, and what can be done."""
    return texts_.ADMIN(name=one.name), [[Button(texts_.DISMISS, "admin.dismiss", str(one.id))], *_TO_TEAM]


def ask_telegram_id() -> Screen:
    """Return the question who is to become an admin."""
    return texts_.ASK_TELEGRAM_ID, _TO_TEAM


def invited() -> Screen:
    """Return what is said when somebody was invited, whether we know them or not."""
    return texts_.INVITED, _TO_TEAM


def confirm_dismiss(one: Appointed, *, is_me: bool) -> Screen:
    """Return the question whether an admin shall be dismissed."""
    text = texts_.CONFIRM_DISMISS_YOURSELF if is_me else texts_.CONFIRM_DISMISS(name=one.name)
    keep = [Button(texts_.NO_KEEP, "admin.member", str(one.id))]
    return text, [[Button(texts_.YES_DISMISS, "admin.dismiss.yes", str(one.id))], keep, BACK]


def dismissed(one: Appointed) -> Screen:
    """Return what is said when somebody was dismissed."""
    return texts_.DISMISSED(name=one.name), _TO_TEAM
