"""Texts: Telegram's HTML, UTF-16 offsets, cleaning, trimming, limits."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.formatting import format_text, settle
from bot.playground.html_text import parse_html, utf16_length
from bot.playground.wire import ApiError, Json


def entity(kind: str, offset: int, length: int, **more: object) -> Json:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("plain", "plain", []),
        ("<b>bold</b>", "bold", [entity("bold", 0, 4)]),
        ("😀<b>x</b>", "😀x", [entity("bold", 2, 1)]),
        ("<b>👩‍👩‍👧</b>", "👩‍👩‍👧", [entity("bold", 0, 8)]),
        ("<B>a<I>b</i></B>", "ab", [entity("bold", 0, 2), entity("italic", 1, 1)]),
        ("<strong>a</><em>b</em>", "ab", [entity("bold", 0, 1), entity("italic", 1, 1)]),
        (
            "a <u>b</u> <s>c</s> <del>d</del>",
            "a b c d",
            [entity("underline", 2, 1), *[entity("strikethrough", n, 1) for n in (4, 6)]],
        ),
        ('<span class="tg-spoiler">x</span>', "x", [entity("spoiler", 0, 1)]),
        ("<b></b>x", "x", []),
        ("&lt;b&gt; &amp; &quot;x&quot; &#65;&#x1F600;", '<b> & "x" A😀', []),
        ("&nbsp; &eacute; & &; &#0;", "&nbsp; &eacute; & &; &#0;", []),
        ("&lt without semicolon", "< without semicolon", []),
        ('<a href="https://hu.edu.et/?a=1&amp;b=2">x</a>', "x", [entity("text_link", 0, 1, url="https://hu.edu.et/?a=1&b=2")]),
        ("<a href='hu.edu.et'>x</a>", "x", [entity("text_link", 0, 1, url="http://hu.edu.et/")]),
        ("<a>nowhere</a>", "nowhere", []),
        ('<pre><code class="language-sql">x</code></pre>', "x", [entity("pre", 0, 1, language="sql")]),
        ('<code class="language-sql">x</code>', "x", [entity("code", 0, 1)]),
        ("<blockquote expandable>x</blockquote>", "x", [entity("expandable_blockquote", 0, 1)]),
        ("<blockquote>x</blockquote>", "x", [entity("blockquote", 0, 1)]),
        ('<tg-emoji emoji-id="5">👍</tg-emoji>', "👍", [entity("custom_emoji", 0, 2, custom_emoji_id="5")]),
        (
            '<a href="tg://user?id=7">x</a>',
            "x",
            [entity("text_mention", 0, 1, user={"id": 7, "is_bot": False, "first_name": ""})],
        ),
    ],
)
def test_html_becomes_text_and_entities(source: str, text: str, entities: list[Json]) -> None:
    """Tags become entities with UTF-16 offsets; the four named characters and numbers are decoded, all else is text."""
    actual = format_text(source, "HTML")

    assert (text, entities) == actual


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<b>&_*", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("1 <2> 3", 'Unsupported start tag "2" at byte offset 2'),
        ("é<user@example.com>", 'Unsupported start tag "user@example.com" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("😀<b>x</i>", 'Unmatched end tag at byte offset 8, expected "</b>", found "</i>"'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<a =x>x</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=", 'Unclosed start tag "a" at byte offset 0'),
        ("<a href='x>x</a>", "Unclosed start tag at byte offset 0"),
        ("<a href=x/y>x</a>", "Unexpected end of name token at byte offset 8"),
        ("<tg-emoji>x</tg-emoji>", "Invalid custom emoji identifier specified"),
        ("&#55357;", "Text contains invalid Unicode characters after decoding HTML entities"),
    ],
)
def test_bad_html_is_refused_in_telegrams_words(source: str, reason: str) -> None:
    """What Telegram cannot parse is named with its byte offset, as TDLib does."""
    with pytest.raises(ApiError) as caught:
        format_text(source, "HTML")

    assert f"Bad Request: can't parse entities: {reason}" == caught.value.description


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_text_survives_html(text: str) -> None:
    """Any text that was escaped comes back as it was typed, without entities."""
    actual = parse_html(html.escape(text, quote=False))

    assert (text, []) == actual


@given(st.lists(st.tuples(st.sampled_from("bisu"), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))))
def test_offsets_cut_out_what_was_marked(parts: list[tuple[str, str]]) -> None:
    """Cutting the text at the offsets of an entity, in UTF-16, gives the text between the tags."""
    source = "".join(f"<{tag}>{html.escape(text)}</{tag}>" for tag, text in parts if "'" not in text)
    text, entities = parse_html(source)
    units = text.encode("utf-16-le")
    cut = [units[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le") for each in entities]

    assert [text for _, text in parts if "'" not in text] == cut


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "message text is empty"),
        (" \n\t ", "text must be non-empty"),
        ("\u200b\u200d\u3000", "text must be non-empty"),
        ("x" * 4_097, "message is too long"),
        ("😀" * 2_048 + "x", "message is too long"),
    ],
)
def test_a_text_has_1_to_4096_units(text: str, reason: str) -> None:
    """Nothing visible and more than 4,096 UTF-16 units are refused."""
    with pytest.raises(ApiError) as caught:
        format_text(text)

    assert f"Bad Request: {reason}" == caught.value.description


def test_the_limit_counts_what_is_read() -> None:
    """4,096 units after parsing are fine, however many tags stand around them."""
    text, _ = format_text(f"<b>{'😀' * 2_048}</b>  ", "html")

    assert 4_096 == utf16_length(text)


def test_other_parse_modes_are_unknown() -> None:
    """Only HTML is spoken here."""
    with pytest.raises(ApiError) as caught:
        format_text("x", "MarkdownV2")

    assert caught.value.description == "Bad Request: unsupported parse_mode"


def test_trimming_moves_entities() -> None:
    """White space at both ends goes, and the entities move along."""
    actual = settle("  ab  ", [entity("bold", 3, 3)])

    assert ("ab", [entity("bold", 1, 1)]) == actual


def test_white_space_at_the_front_stays_inside_an_entity() -> None:
    """An entity that begins with white space holds it."""
    actual = settle("  ab", [entity("code", 1, 3)])

    assert (" ab", [entity("code", 0, 3)]) == actual


def test_control_characters_go() -> None:
    """Control characters become spaces; carriage returns and direction marks vanish, with the entities behind them moved."""
    actual = settle("a\tb\r\n\u202ec", [entity("bold", 6, 1)])

    assert ("a b\nc", [entity("bold", 4, 1)]) == actual


def test_an_entity_beyond_the_text_is_refused() -> None:
    """An entity that ends behind the text is an error."""
    with pytest.raises(ApiError) as caught:
        format_text("ab", entities=[entity("bold", 1, 2)])

    assert (
        caught.value.description
        == "Bad Request: entity beginning at UTF-16 offset 1 ends after the end of the text at UTF-16 offset 2"
    )
