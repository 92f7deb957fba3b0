"""A PostgreSQL that is there and will not have us is told apart from one that is away or is only coming up."""

from __future__ import annotations

import pytest

from stream.store import Store, StoreRefused, StoreUnavailable
from tests.stream.store.refusing import answering


def met(url: str) -> StoreUnavailable:
    """What reading there raises."""
    store = Store(url)
    try:
        with pytest.raises(StoreUnavailable) as told, store.read():
            pass
    finally:
        store.close()
    return told.value


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ('password authentication failed for user "fx"', True),
        ('role "fx" does not exist', True),
        ('no pg_hba.conf entry for host "10.0.0.7", user "fx", database "fengxin", no encryption', True),
        ("the database system is starting up", False),
        ('database "fengxin" does not exist', False),
        ("sorry, too many clients already", False),
    ],
)
def test_what_a_server_says_tells_whether_time_may_mend_it(words: str, refused: bool) -> None:
    with answering(words) as port:
        told = met(f"postgresql+psycopg://fx:secret@127.0.0.1:{port}/fengxin")
    assert words in str(told)
    assert isinstance(told, StoreRefused) == refused
    assert "secret" not in str(told)


def test_a_server_without_the_tls_that_is_asked_for_is_refused_and_one_that_is_away_is_not() -> None:
    with answering("never reached") as port:
        assert isinstance(met(f"postgresql+psycopg://fx@127.0.0.1:{port}/fengxin?sslmode=require"), StoreRefused)
    assert not isinstance(met(f"postgresql+psycopg://fx@127.0.0.1:{port}/fengxin"), StoreRefused)
    assert not isinstance(met("postgresql+psycopg://fx@nowhere.invalid/fengxin"), StoreRefused)
