"""A small HTTP interface to the people, for a server that runs in a process of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.playground.faults import Fault
from bot.playground.messages import Message
from bot.playground.people import Person
from bot.playground.server import BotApiServer
from bot.playground.wire import Json

Step = Callable[[Json], Awaitable[Json]]


class Control:
    """What ``/control/…`` does; a body and an answer are JSON objects, a refusal is 400 with its ``description``."""

    def __init__(self, server: BotApiServer) -> None:
        self.server = server

    def routes(self) -> list[web.RouteDef]:
        """Give the routes, for ``server.start``."""
        steps = {
            "person": self.person,
            "send": self.send,
            "press": self.press,
            "latency": self.latency,
            "fault": self.fault,
        }
        posts = [web.post(f"/control/{name}", _handler(step)) for name, step in steps.items()]
        return [*posts, web.get("/control/chat/{user_id}", self.chat)]

    async def person(self, body: Json) -> Json:
        """Make a person: ``{"id": 1, "name": "Sara"}``."""
        person = self.server.person(body["name"], user_id=body.get("id"))
        return {"id": person.id}

    async def send(self, body: Json) -> Json:
        """Let a person write: ``{"user_id": 1, "text": "hello"}``."""
        message = await self._person(body["user_id"]).send(body["text"])
        return {"message_id": message.message_id}

    async def press(self, body: Json) -> Json:
        """Let a person press: ``{"user_id": 1, "label": "Accept"}``."""
        press = await self._person(body["user_id"]).press(body["label"])
        return {"query_id": press.query_id, "message_id": press.message.message_id}

    async def latency(self, body: Json) -> Json:
        """Set the latency: ``{"low": 0.02, "high": 0.1}`` in seconds; an empty object for none."""
        self.server.latency = (body["low"], body["high"]) if body else None
        return {}

    async def fault(self, body: Json) -> Json:
        """Add a fault, by the fields of :class:`Fault`; an empty object removes all."""
        if body:
            self.server.faults.add(Fault(**body))
        else:
            self.server.faults.clear()
        return {}

    async def chat(self, request: web.Request) -> web.Response:
        """Give the messages of a person's chat."""
        person = self.server.people.get(int(request.match_info["user_id"]))
        if person is None:
            return _refusal("nobody has that id")
        return web.json_response({"ok": True, "messages": [_described(message) for message in person.chat]})

    def _person(self, user_id: int) -> Person:
        if user_id not in self.server.people:
            raise ValueError("nobody has that id")
        return self.server.people[user_id]


def _handler(step: Step) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response({"ok": True} | await step(await request.json()))
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            return _refusal(str(error))

    return handle


def _refusal(description: str) -> web.Response:
    return web.json_response({"ok": False, "description": description}, status=400)


def _described(message: Message) -> Json:
    return {
        "message_id": message.message_id,
        "is_from_bot": message.is_from_bot,
        "date": message.date,
        "kind": message.kind,
        "text": message.words,
        "buttons": message.buttons,
    }
