"""Sentences: what is ours is a template, what is theirs arrives as typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text import Text


@given(st.text())
def test_what_somebody_typed_is_what_is_read(typed: str) -> None:
    """Whatever a value holds, its reader sees exactly that, and none of it counts as a mark."""
    text = Text("<b>{name}</b>", name=typed)

    assert typed == text.plain()


@given(st.text())
def test_nothing_that_was_typed_is_html(typed: str) -> None:
    """No tag and no entity comes from a value."""
    rendered = Text("{name}", name=typed).render()

    assert not {"<", ">"} & set(rendered)


def test_marks_that_were_typed_are_escaped() -> None:
    """``<b>&_*`` and quotes arrive as typed; only what HTML would read is escaped."""
    text = Text("<i>{body}</i>", body="<b>&_* \"'")

    assert "<i>&lt;b&gt;&amp;_* \"'</i>" == text.render()


def test_an_entity_that_was_typed_stays_one_for_the_reader() -> None:
    """Somebody who writes ``&amp;`` is read as ``&amp;``, not as ``&``."""
    assert "&amp; &lt" == str(Text("{body}", body="&amp; &lt"))


def test_braces_that_were_typed_are_no_names() -> None:
    """A value with braces is not taken for a template, nor one inside another text."""
    inner = Text("{body}", body="{evil} {0} {}")

    assert "<b>{evil} {0} {}</b>" == Text("<b>{inner}</b>", inner=inner).render()


def test_a_text_in_a_text_keeps_its_own_marks() -> None:
    """A value that is a text is rendered, not escaped."""
    assert "1: <b>A &amp; B</b>" == Text("{number}: {name}", number=1, name=Text("<b>{name}</b>", name="A & B")).render()


def test_templates_are_translated_and_values_are_not() -> None:
    """Each template, also an inner one, is looked up in the catalogue; what people typed is not."""
    catalogue = {"Topic: {topic}": "Thema: {topic}", "Other": "Anderes"}
    text = Text("Topic: {topic} {name}", topic=Text("Other"), name="Other")

    assert "Thema: Anderes" == Text("Topic: {topic}", topic=Text("Other")).render(lambda key: catalogue.get(key, key))
    assert "Topic: Anderes Other" == text.render(lambda key: catalogue.get(key, key))


def test_an_empty_text_is_empty_in_every_language() -> None:
    """A catalogue of gettext answers the empty template with its own head, which nobody must read."""
    head = "Project-Id-Version: hu"

    assert "" == Text("").render(lambda key: key or head)


def test_a_value_that_is_missing_is_a_defect() -> None:
    """A template that names what was not given fails at once."""
    with pytest.raises(KeyError):
        Text("{name}").render()


def test_a_text_is_a_template_that_can_be_filled_again() -> None:
    """Calling a text gives the same template with other values; the first stays as it was."""
    hello = Text("Hello {name}")

    assert ["Hello Sara", "Hello Dawit"] == [str(hello(name=name)) for name in ("Sara", "Dawit")]
    assert Text("Hello {name}") == hello
