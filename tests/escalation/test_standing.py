"""What the auditor reads of letters: those that somebody waits for, however many of ended matters never left."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import event, insert

from escalation import standing
from escalation.notice import deliveries, docket, notices
from tests.escalation.office import Office
from tests.stream.said import SCHOOL


def letter(office: Office, matter: str, *, ended: bool, written_after: float = -1, waits: bool = False) -> None:
    """A letter that has not reached anybody, written so many days after its matter's end (or today)."""
    at = office.now
    with office.store.write() as conn:
        conn.execute(insert(docket.dockets).values(
            school=SCHOOL, matter=matter, number=f"HF-{matter}", path="", opened_at=at - timedelta(days=9),
            ended_at=at if ended else None,
        ))  # fmt: skip
        written = conn.execute(insert(notices).values(
            school=SCHOOL, matter=matter, number=f"HF-{matter}-01", kind="letter", step="asked", addressee="keeper",
            role="keeper", office="", grounds=[], basis="", reason="", needs_signature=False,
            created_at=at + timedelta(days=written_after), late=False, view={"x": "y"},
        ).returning(notices.c.id)).scalar_one()  # fmt: skip
        if waits:
            conn.execute(insert(deliveries).values(
                school=SCHOOL, notice_id=written, channel="mail", address="keeper@x.example", level=4, subject="",
                text="", url="", state="waiting", attempts=0, next_at=at, give_up_at=at, vendor_id="", reason="",
                created_at=at,
            ))  # fmt: skip


def read(office: Office) -> list[str]:
    with office.store.read() as conn:
        return [case.number for case in standing._letters(conn, SCHOOL)]


def test_a_letter_that_nobody_asks_for_any_more_is_not_read(office: Office) -> None:
    letter(office, "open", ended=False)
    letter(office, "ended", ended=True)
    letter(office, "after", ended=True, written_after=1)
    letter(office, "leaving", ended=True, waits=True)
    assert sorted(read(office)) == ["HF-after", "HF-leaving", "HF-open"]


def test_the_words_of_letters_are_not_read(office: Office) -> None:
    letter(office, "open", ended=False)
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(office.store.engine, "before_cursor_execute", note)
    assert read(office) == ["HF-open"]
    assert not any("view" in one.partition("FROM")[0] for one in asked)
