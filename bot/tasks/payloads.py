"""What the payload of a task may hold, field by field: behind validation, options, forms and the JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.domain.errors import InvalidInput
from bot.domain.text import Text, shortened
from bot.texts import payloads as texts

Payload = TypeVar("Payload")

_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_TYPES = {"integer", "number", "string", "boolean"}


class FieldKind(StrEnum):
    """What can be typed into a field."""

    WHOLE_NUMBER = "integer"
    NUMBER = "number"
    TEXT = "string"
    YES_OR_NO = "boolean"
    CHOICE = "choice"
    JSON = "json"  #: anything else, as it stands in JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadField:
    """A field of a payload, as a form or a list of options shows it."""

    name: str
    kind: FieldKind
    description: str
    is_required: bool
    default: Any  #: as JSON has it; None where it is required
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None

    @property
    def asks(self) -> Text:
        """Return what it takes, in words and with an example."""
        example = self._example
        match self.kind:
            case FieldKind.WHOLE_NUMBER:
                return texts.ASKS_FOR_WHOLE(bounds=self._bounds, example=example)
            case FieldKind.NUMBER:
                return texts.ASKS_FOR_NUMBER(bounds=self._bounds, example=example)
            case FieldKind.YES_OR_NO:
                return texts.ASKS_FOR_TRUTH
            case FieldKind.CHOICE:
                return texts.ASKS_FOR_CHOICE(choices=", ".join(self.choices))
            case FieldKind.TEXT:
                return texts.ASKS_FOR_TEXT(example=example)
            case FieldKind.JSON:
                return texts.ASKS_FOR_JSON(example=example)

    def read(self, typed: str) -> Any:  # noqa: ANN401 — whatever JSON holds
        """Return what somebody typed as the value that it means; whether the task takes it, ``parse`` says.

        Raises:
            InvalidInput: It means nothing of this kind.
        """
        text = typed.strip()
        try:
            if self.kind is FieldKind.YES_OR_NO:
                return _truth(text)
            if self.kind is FieldKind.WHOLE_NUMBER:
                return int(text)
            if self.kind is FieldKind.NUMBER:
                return float(text)
            return json.loads(text) if self.kind is FieldKind.JSON else typed
        except (ValueError, RecursionError) as error:
            raise InvalidInput(texts.WRONG_FIELD(name=self.name, asks=self.asks)) from error

    @property
    def _bounds(self) -> Text:
        if self.least is None:
            return texts.ANY if self.most is None else texts.UP_TO(most=json.dumps(self.most))
        if self.most is None:
            return texts.FROM(least=json.dumps(self.least))
        return texts.BETWEEN(least=json.dumps(self.least), most=json.dumps(self.most))

    @property
    def _example(self) -> str:
        if self.default is not None:
            return str(self.default) if self.kind is FieldKind.TEXT else json.dumps(self.default)
        if self.kind is FieldKind.TEXT:
            return "something"
        return "[]" if self.kind is FieldKind.JSON else json.dumps(self.least or self.most or 1)


def parse(task: str, payload: type[Payload], given: Mapping[str, Any]) -> Payload:
    """Return what was *given* as a payload of *task*.

    Raises:
        InvalidInput: It has a field that the task does not know, lacks one, or has a value that cannot be.
    """
    known = {one.name: one for one in fields_of(payload)}
    for name in given:
        if name not in known:
            raise unknown_field(task, name, known)
    try:
        return _adapter(payload).validate_json(json.dumps(dict(given)), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        field = known.get(name)
        if field is not None and field.is_required and name not in given:
            raise InvalidInput(texts.MISSING_FIELD(task=task, name=name, asks=field.asks)) from error
        if field is None or field.kind in {FieldKind.TEXT, FieldKind.JSON}:
            raise InvalidInput(texts.WRONG_PAYLOAD(task=task, name=name, reason=first["msg"])) from error
        raise InvalidInput(texts.WRONG_FIELD(name=name, asks=field.asks)) from error


def unknown_field(task: str, name: str, known: Sequence[str] | Mapping[str, Any]) -> InvalidInput:
    """Return what is said about a field that a task does not know."""
    shown = shortened(name)
    if not known:
        return InvalidInput(texts.NO_FIELDS(task=task, name=shown))
    near = get_close_matches(name, list(known), n=1)
    if near:
        return InvalidInput(texts.UNKNOWN_FIELD_NEAR(task=task, name=shown, near=near[0]))
    return InvalidInput(texts.UNKNOWN_FIELD(task=task, name=shown, fields=", ".join(known)))


def schema_of(payload: type[Any]) -> dict[str, Any]:
    """Return the JSON schema of a payload: types, bounds, defaults and descriptions."""
    return deepcopy(_schema(payload))


@lru_cache(maxsize=256)
def fields_of(payload: type[Any]) -> tuple[PayloadField, ...]:
    """Return the fields of a payload, in their order."""
    schema = _schema(payload)
    required = set(schema.get("required", ()))
    return tuple(
        _field(name, described, schema.get("$defs", {}), is_required=name in required)
        for name, described in schema.get("properties", {}).items()
    )


def _field(name: str, described: dict[str, Any], definitions: dict[str, Any], *, is_required: bool) -> PayloadField:
    kind = _resolved(described, definitions)
    choices = tuple(str(one) for one in kind.get("enum", [kind["const"]] if "const" in kind else []))
    return PayloadField(
        name=name,
        kind=FieldKind.CHOICE if choices else FieldKind(kind["type"] if kind.get("type") in _TYPES else FieldKind.JSON),
        description=described.get("description", ""),
        is_required=is_required,
        default=described.get("default"),
        choices=choices,
        least=kind.get("minimum"),
        most=kind.get("maximum"),
    )


def _resolved(described: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return what a field is made of, behind a reference and beside the null of one that may be left empty."""
    if "$ref" in described:
        return definitions[described["$ref"].rpartition("/")[2]]
    options = [one for one in described.get("anyOf", ()) if one.get("type") != "null"]
    return _resolved(options[0], definitions) if len(options) == 1 else described


@lru_cache(maxsize=256)
def _adapter(payload: type[Payload]) -> TypeAdapter[Payload]:
    return TypeAdapter(payload)


@lru_cache(maxsize=256)
def _schema(payload: type[Any]) -> dict[str, Any]:
    return {**_adapter(payload).json_schema(), "additionalProperties": False}


def _truth(text: str) -> bool:
    if text.lower() not in {*_TRUE, *_FALSE}:
        raise ValueError(text)
    return text.lower() in _TRUE
