"""When a task runs, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain import intervals
from bot.domain.crontab import Crontab
from bot.domain.schedules import Cron, Once, Unreadable, When
from bot.domain.text import Text, joined
from bot.domain.zones import offsets_of, zone_of

_IN_ZONE = Text("{what}, {zone}")
_ONCE = Text("once on {weekday} {day} {month} {year} at {time}, {zone}")
_EVERY = Text("every {what}")
_UNREADABLE = Text("at a time that can no longer be read ({spec}, {zone})")
_ONE = {"w": Text("week"), "d": Text("day"), "h": Text("hour"), "m": Text("minute"), "s": Text("second")}
_MANY = {
    "w": Text("{count} weeks"),
    "d": Text("{count} days"),
    "h": Text("{count} hours"),
    "m": Text("{count} minutes"),
    "s": Text("{count} seconds"),
}
_SINGLE = Text("1 {unit}")

_WEEKDAYS = (
    Text("Sunday"),
    Text("Monday"),
    Text("Tuesday"),
    Text("Wednesday"),
    Text("Thursday"),
    Text("Friday"),
    Text("Saturday"),
)
_MONTHS = (
    Text("January"),
    Text("February"),
    Text("March"),
    Text("April"),
    Text("May"),
    Text("June"),
    Text("July"),
    Text("August"),
    Text("September"),
    Text("October"),
    Text("November"),
    Text("December"),
)
_ORDINALS = {1: Text("{number}st"), 2: Text("{number}nd"), 3: Text("{number}rd")}
_ORDINAL = Text("{number}th")
_TEENS = (11, 12, 13)
_AND = Text("{some} and {last}")
_OR = Text("{some} or {last}")
_RANGE = Text("{first} to {last}")

_AT = Text("{days} at {times}")
_OFTEN = Text("{often}, {days}")
_EVERY_MINUTE = Text("every minute")
_EVERY_MINUTES = Text("every {count} minutes")
_EVERY_HOUR = Text("every hour")
_EVERY_HOUR_AT = Text("every hour at minute {minute}")
_EVERY_HOURS = Text("every {count} hours from {first}")
_EVERY_HOUR_AT_MINUTES = Text("every hour at minutes {minutes}")
_FROM_TO = Text("{often} from {first} to {last}")
_MINUTES_OF_HOURS = Text("at {minutes} of {hours}")
_THE_MINUTE, _THE_MINUTES = Text("minute {numbers}"), Text("minutes {numbers}")
_THE_HOUR, _THE_HOURS = Text("hour {numbers}"), Text("the hours {numbers}")

_EVERY_DAY = Text("every day")
_EVERY_DAY_IN = Text("every day in {months}")
_EVERY_DAY_FROM = Text("every day from {first} to {last}")
_DAYS_IN = Text("{days} in {months}")
_OF_EVERY_MONTH = Text("on the {days} of every month")
_OF_MONTHS = Text("on the {days} of {months}")
_IF = Text("{days}, if that is a {weekdays},")
_EITHER = Text("{days} and {weekdays}")

_MOST_TIMES = 6  #: that are listed one by one
_FEWEST_IN_RANGE = 3  #: that are named by the first and the last
_MONTHS_IN_YEAR, _DAYS_IN_MONTH, _DAYS_IN_WEEK, _HOURS_IN_DAY, _MINUTES_IN_HOUR = 12, 31, 7, 24, 60


def in_words(when: When) -> Text:
    """Return when a task runs, as a person would say it."""
    if isinstance(when, Cron):
        return _IN_ZONE(what=_cron(when.table), zone=when.zone)
    if isinstance(when, Unreadable):
        return _UNREADABLE(spec=when.spec, zone=when.zone)
    return _once(when) if isinstance(when, Once) else _interval(when.every)


def _interval(every: timedelta) -> Text:
    parts = intervals.parts(every)
    if len(parts) == 1 and parts[0][0] == 1:
        return _EVERY(what=_ONE[parts[0][1]])
    return _EVERY(what=_listed([_SINGLE(unit=_ONE[unit]) if count == 1 else _MANY[unit](count=count) for count, unit in parts]))


def _once(when: Once) -> Text:
    local = when.at.astimezone(zone_of(when.zone))
    return _ONCE(
        weekday=_WEEKDAYS[local.isoweekday() % _DAYS_IN_WEEK],
        day=local.day,
        month=_MONTHS[local.month - 1],
        year=local.year,
        time=_shown(local),
        zone=when.zone,
    )


def _shown(local: datetime) -> str:
    """Return the time of day; with its offset where it comes twice on this day."""
    shown = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    before, after = offsets_of(local.replace(tzinfo=None), local.tzinfo) if local.tzinfo else (None, None)
    return shown if before == after else f"{shown} (UTC{local.isoformat()[-6:]})"


def _cron(table: Crontab) -> Text:
    days, often = _days(table), _often(table)
    if often is None:
        times = [Text(f"{hour:02}:{minute:02}") for hour in table.hours for minute in table.minutes]
        return _AT(days=days or _EVERY_DAY, times=_listed(times))
    return _OFTEN(often=often, days=days) if days else often


# At which times of a day


def _often(table: Crontab) -> Text | None:
    """Return what comes true many times a day; None where it is a few times that can be listed."""
    minutes, hours = table.minutes, table.hours
    if len(minutes) * len(hours) <= _MOST_TIMES:
        return None
    first, last = f"{hours[0]:02}:{minutes[0]:02}", f"{hours[-1]:02}:{minutes[-1]:02}"
    step = _step(hours, _HOURS_IN_DAY)
    if len(minutes) == 1 and step is not None and step > 1:
        return _EVERY_HOURS(count=step, first=first)
    often = _within_hour(minutes)
    if len(hours) == _HOURS_IN_DAY:
        return often or _EVERY_HOUR_AT_MINUTES(minutes=_numbers(minutes))
    if often is not None and len(hours) == hours[-1] - hours[0] + 1:
        return _FROM_TO(often=_EVERY_HOUR if len(minutes) == 1 else often, first=first, last=last)
    return _MINUTES_OF_HOURS(
        minutes=(_THE_MINUTE if len(minutes) == 1 else _THE_MINUTES)(numbers=_numbers(minutes)),
        hours=(_THE_HOUR if len(hours) == 1 else _THE_HOURS)(numbers=_numbers(hours)),
    )


def _within_hour(minutes: Sequence[int]) -> Text | None:
    """Return how often something happens within an hour; None where its gaps differ."""
    if len(minutes) == 1:
        return _EVERY_HOUR_AT(minute=minutes[0]) if minutes[0] else _EVERY_HOUR
    step = _step(minutes, _MINUTES_IN_HOUR)
    if step is None:
        return None
    return _EVERY_MINUTES(count=step) if step > 1 else _EVERY_MINUTE


def _step(numbers: Sequence[int], count: int) -> int | None:
    """Return the gap between numbers that divide all *count* evenly, from 0 on; None where they do not."""
    step = count // len(numbers)
    return step if tuple(numbers) == tuple(range(0, count, step)) and count % step == 0 else None


# On which days


def _days(table: Crontab) -> Text | None:
    """Return the days; None where it is all of them."""
    months = (
        None
        if len(table.months) == _MONTHS_IN_YEAR
        else _listed(_ranges([_MONTHS[month - 1] for month in table.months], table.months))
    )
    has_days, has_weekdays = len(table.days) < _DAYS_IN_MONTH, len(table.weekdays) < _DAYS_IN_WEEK
    if not table.needs_both_days and not (has_days and has_weekdays):
        has_days = has_weekdays = False  # one is enough, and one is always there
    if has_days and has_weekdays:
        by_day = _by_day(table, months)
        if table.needs_both_days:
            return _IF(days=by_day, weekdays=_listed(_weekdays(table), _OR))
        return _EITHER(days=by_day, weekdays=_by_weekday(table, months))
    if has_days:
        return _by_day(table, months)
    if has_weekdays:
        return _by_weekday(table, months)
    return _EVERY_DAY_IN(months=months) if months else None


def _by_day(table: Crontab, months: Text | None) -> Text:
    days = _listed(_ranges([_ordinal(day) for day in table.days], table.days))
    return _OF_MONTHS(days=days, months=months) if months else _OF_EVERY_MONTH(days=days)


def _by_weekday(table: Crontab, months: Text | None) -> Text:
    numbers, names = sorted(_from_monday(table)), _weekdays(table)
    if len(names) >= _FEWEST_IN_RANGE and len(names) == numbers[-1] - numbers[0] + 1:
        days = _EVERY_DAY_FROM(first=names[0], last=names[-1])
    else:
        days = _EVERY(what=_listed(names))
    return _DAYS_IN(days=days, months=months) if months else days


def _weekdays(table: Crontab) -> list[Text]:
    return [_WEEKDAYS[number % _DAYS_IN_WEEK] for number in sorted(_from_monday(table))]


def _from_monday(table: Crontab) -> set[int]:
    """Return the days of the week with Sunday as 7."""
    return {weekday or _DAYS_IN_WEEK for weekday in table.weekdays}


# Lists


def _ordinal(number: int) -> Text:
    template = _ORDINAL if number in _TEENS else _ORDINALS.get(number % 10, _ORDINAL)
    return template(number=number)


def _numbers(numbers: Sequence[int]) -> Text:
    return _listed(_ranges([Text(str(number)) for number in numbers], numbers))


def _ranges(names: Sequence[Text], numbers: Sequence[int]) -> list[Text]:
    """Return the names of ascending numbers, where several follow each other the first and the last of them."""
    found, start = list[Text](), 0
    for end in range(1, len(numbers) + 1):
        if end < len(numbers) and numbers[end] == numbers[end - 1] + 1:
            continue
        run = names[start:end]
        found += [_RANGE(first=run[0], last=run[-1])] if len(run) >= _FEWEST_IN_RANGE else run
        start = end
    return found


def _listed(parts: Sequence[Text], link: Text = _AND) -> Text:
    return parts[0] if len(parts) == 1 else link(some=joined(parts[:-1], ", "), last=parts[-1])
