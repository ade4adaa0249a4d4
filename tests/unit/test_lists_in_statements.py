"""Lists in a statement: written out as parameters, so that one text serves both databases."""

from __future__ import annotations

from bot.storage.database import spread


def test_a_list_of_values_goes_behind_in() -> None:
    """Each value has a parameter of its own; the rest of the statement stays as it is."""
    sql, values = spread("SELECT id FROM run WHERE id IN :ids AND due_at < :at", ids=[7, 9])

    assert "SELECT id FROM run WHERE id IN (:ids_0_0, :ids_1_0) AND due_at < :at" == sql
    assert {"ids_0_0": 7, "ids_1_0": 9} == values


def test_a_list_of_tuples_goes_behind_values() -> None:
    """Each tuple is in brackets, also where it holds one value."""
    sql, values = spread("VALUES :rows", rows=[(1, "a"), (2, None)])

    assert "VALUES (:rows_0_0, :rows_0_1), (:rows_1_0, :rows_1_1)" == sql
    assert {"rows_0_0": 1, "rows_0_1": "a", "rows_1_0": 2, "rows_1_1": None} == values
    assert "VALUES (:rows_0_0)" == spread("VALUES :rows", rows=[(1,)])[0]


def test_bytes_and_texts_are_values() -> None:
    """Though they have a length, they are not taken apart."""
    assert {"rows_0_0": b"ab", "rows_0_1": "cd"} == spread("VALUES :rows", rows=[(b"ab", "cd")])[1]
    assert {"names_0_0": "ab"} == spread("IN :names", names=["ab"])[1]


def test_two_lists_do_not_mix() -> None:
    """One name may begin like another."""
    sql, values = spread("a IN :ids AND b IN :more", ids=[1], more=[2])

    assert "a IN (:ids_0_0) AND b IN (:more_0_0)" == sql
    assert {"ids_0_0": 1, "more_0_0": 2} == values
