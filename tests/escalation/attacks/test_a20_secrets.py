"""A20 secrets: none on a page, in an error, in the figures, in the audit or in the store."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import select, text

from escalation.audit import audit_log
from stream.store import metadata
from tests.escalation.web.house import PASSWORD
from tests.escalation.web.role_table import NOBODY, Premises, rows


def test_no_page_shows_a_password_a_session_or_the_key_of_the_links(premises: Premises) -> None:
    house = premises.house
    key = house.letterhead.link_key.decode()
    for (method, path), cells in rows().items():
        if method != "GET":
            continue
        column = next((one for one, cell in cells.items() if cell.opens and one != NOBODY), "publicity")
        client = premises.client(column)
        said = premises.ask(client, method, path, premises.number, "").text
        for secret in (PASSWORD, client.cookies["fengxin"], "$argon2", key):
            assert secret not in said, path


def test_an_error_page_says_a_number_and_nothing_of_the_machine(
    premises: Premises, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"secret {PASSWORD} at /srv/fengxin")

    monkeypatch.setattr("escalation.web.incident.row_of", broken)
    client = premises.client("publicity")
    client._transport.raise_server_exceptions = False
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"/incidents/{premises.number}")
    assert answer.status_code == 500
    assert PASSWORD not in answer.text
    assert "RuntimeError" not in answer.text
    assert "/srv" not in answer.text
    assert "E-" in answer.text


def test_neither_passwords_nor_tokens_nor_links_rest_in_the_store(premises: Premises) -> None:
    house = premises.house
    client = house.client()
    client.post("/sign-in", data={"name": "publicity", "password": PASSWORD})
    token = client.cookies["fengxin"]
    link = house.link(premises.number, "leader").rsplit("/", 1)[1]
    client.post(f"/r/{link}")
    with house.store.read() as conn:
        for table in metadata.sorted_tables:
            found = str([tuple(row) for row in conn.execute(select(table))])
            for secret in (PASSWORD, token, house.letterhead.link_key.decode() * 2):
                assert secret not in found, table.name
        rows_of_audit = conn.execute(select(audit_log.c.detail)).scalars().all()
        assert conn.execute(text("SELECT count(*) FROM audit")).scalar_one() == len(rows_of_audit)
    said = json.dumps(list(rows_of_audit), ensure_ascii=False)
    assert link not in said
    assert "csrf" not in said


@pytest.mark.parametrize("path", ["/metrics", "/healthz"])
def test_what_everybody_may_read_names_no_person_and_no_matter(premises: Premises, path: str) -> None:
    said = premises.client(NOBODY).get(path).text
    for word in ("罗广平", "腹泻", "拉肚子", premises.number, "@school.test", "13800000000"):
        assert word not in said
