"""What SQLite and PostgreSQL do differently is done alike here: a test for each difference that `test_store` leaves.

Instants, counted inserts, texts that are too long and a NUL are there; canonical texts of documents are the audit's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import timedelta, timezone
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Numeric, Table, insert, select
from sqlalchemy.exc import SQLAlchemyError

from escalation import alert
from escalation.people import people
from stream.kept import posts
from stream.store import Store, StoreUnavailable, insert_new, metadata
from stream.store.types import Json
from tests.stream.said import SCHOOL, START, a_post

ROOT = Path(__file__).parents[3]
ROOMS = ("crawlers", "stream", "sentiment", "escalation", "deploy")
FIXED = {("sources", "note", "CLOCK_OFF"), ("sources", "cursor", "f'\"{SLOW_UNTIL}\"'")}
"""Looked for by words of ours, which are always written in the same case."""


def modules() -> Iterator[tuple[ModuleType, ast.Module]]:
    """Every module of the product that knows tables, with its text."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            said = file.read_text("utf-8")
            if ".c." in said and "migrations" not in file.parts:
                name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                yield import_module(name), ast.parse(said)


def column_of(module: ModuleType, node: ast.AST) -> Column[Any] | None:
    """The column that `TABLE.c.NAME` means there."""
    match node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=table), attr="c"), attr=name):
            found = getattr(module, table, None)
            return found.c[name] if isinstance(found, Table) else None
    return None


def test_rows_without_a_value_stand_where_they_were_meant_to_on_both() -> None:
    asked, wrong = 0, []
    for module, tree in modules():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="order_by"), args=given):
                    for one in given:
                        plain = one.func.value if is_turned(one) else one  # type: ignore[attr-defined]
                        column = column_of(module, plain)
                        asked += column is not None
                        if column is not None and column.nullable:
                            wrong.append(f"{module.__name__}:{one.lineno} {column}")
    assert asked > 50
    assert wrong == [], "say nulls_first() or nulls_last()"


def is_turned(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("desc", "asc")


def test_what_a_person_looks_for_is_found_in_either_case_on_both() -> None:
    """`LIKE` ignores the case of ASCII letters on SQLite alone."""
    wrong = []
    for module, tree in modules():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=value, attr="contains" | "like"), args=[sought, *_]):
                    column = column_of(module, value)
                    if column is None or (column.table.name, column.name, ast.unparse(sought)) in FIXED:
                        continue
                    wrong.append(f"{module.__name__}:{node.lineno} {column}")
    assert wrong == [], "say icontains or ilike"


def a_person(key: str) -> dict[str, Any]:
    texts = {column.name: "" for column in people.columns if not column.nullable and column.name != "active"}
    return texts | {"school": SCHOOL, "id": key, "name": f"FX-{key}", "active": True}


@pytest.mark.parametrize("sought", ["fx-a", "FX-A", "x-"])
def test_a_name_is_found_in_either_case(store: Store, sought: str) -> None:
    with store.write() as conn:
        conn.execute(insert(people).values(**a_person("a")))
        found = conn.execute(select(people.c.id).where(people.c.name.icontains(sought, autoescape=True))).scalars()
        assert list(found) == ["a"]


def test_the_same_instant_of_another_zone_is_found(store: Store) -> None:
    post = a_post("好看")
    there = START.astimezone(timezone(timedelta(hours=8)))
    with store.write() as conn:
        row = {name: value for name, value in post.model_dump().items() if name in posts.c}
        conn.execute(insert(posts).values(**row | {"published_at": there}))
        wanted = select(posts.c.id).where(posts.c.published_at == START)
        assert conn.execute(wanted).scalars().all() == [post.id]


def test_a_document_that_lacks_is_no_word_null(store: Store) -> None:
    kept: Any = Json.dialect_impl(store.engine.dialect)
    assert kept.none_as_null
    others = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, JSON) and column.type is not Json
    ]
    assert others == []


def test_nobody_compares_documents_and_no_column_takes_numbers_as_texts() -> None:
    for table in metadata.sorted_tables:
        assert not [column for column in table.columns if isinstance(column.type, Numeric) and column.type.asdecimal]
    compared = []
    for module, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In):
                column = column_of(module, node.left)
                if column is not None and isinstance(column.type, JSON):
                    compared.append(f"{module.__name__}:{node.lineno} {column}")
    assert compared == []


def test_a_clash_that_is_passed_over_leaves_the_transaction_alive(store: Store) -> None:
    with store.write() as conn:
        assert insert_new(conn, people, [a_person("a")], returning=["id"]) == [("a",)]
        assert insert_new(conn, people, [a_person("a")], returning=["id"]) == []
        conn.execute(insert(people).values(**a_person("b")))
    with store.read() as conn:
        assert conn.execute(select(people.c.id).order_by(people.c.id)).scalars().all() == ["a", "b"]


def test_any_other_clash_ends_the_whole_block(store: Store) -> None:
    def twice() -> None:
        with store.write() as conn:
            conn.execute(insert(people).values(**a_person("a")))
            conn.execute(insert(people).values(**a_person("a")))

    with pytest.raises((SQLAlchemyError, StoreUnavailable)):
        twice()
    with store.read() as conn:
        assert conn.execute(select(people.c.id)).scalars().all() == []


def test_what_is_unique_while_it_is_open_is_entered_once_and_again_when_it_was_closed(store: Store) -> None:
    with store.write() as conn:
        assert [alert.ring(conn, SCHOOL, "log:full", "磁盘已满", START) for _ in range(2)] == [True, False]
        alert.hush(conn, SCHOOL, "log:full", START)
        assert alert.ring(conn, SCHOOL, "log:full", "磁盘已满", START)


def test_an_index_over_a_part_of_its_rows_means_the_same_rows_on_both() -> None:
    partial = [
        index
        for table in metadata.sorted_tables
        for index in table.indexes
        if any(index.dialect_options[name]["where"] is not None for name in ("postgresql", "sqlite"))
    ]
    assert partial
    for index in partial:
        parts = {str(index.dialect_options[name]["where"]) for name in ("postgresql", "sqlite")}
        assert len(parts) == 1, index.name
