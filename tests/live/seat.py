"""A person at a desk, or at one of several: signed in once, with the pages and forms that a browser would have."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx
from parsel import Selector

from tests.live.one import Place, command

PASSWORD = "an umbrella for the harbour"


def words(node: Selector) -> str:
    """All words of a part of a page, without spaces."""
    return re.sub(r"\s+", "", "".join(node.css("::text").getall()))


@dataclass
class Seat:
    """Somebody who signed in at one desk and goes with that session to any; a proxy before both sends people so."""

    session: str

    @classmethod
    def taken(cls, place: Place, desk: str, name: str, person: str) -> Seat:
        """Be given a sign-in by the operator's command, and use it at a desk."""
        command(place, "user", name, "--person", person, given=f"{PASSWORD}\n")
        answer = httpx.post(f"{desk}/sign-in", data={"name": name, "password": PASSWORD}, trust_env=False, timeout=60)
        assert answer.status_code == 303, answer.text
        return cls(answer.headers["set-cookie"].partition(";")[0])

    def page(self, desk: str, path: str) -> Selector:
        """A page of a desk."""
        answer = httpx.get(desk + path, headers={"cookie": self.session}, trust_env=False, timeout=60)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
        return Selector(answer.text)

    def send(self, desk: str, path: str, form: Selector, **given: str) -> None:
        """Send a form that one desk showed to another."""
        token = form.css("input[name=csrf]::attr(value)").get("")
        answer = httpx.post(
            desk + path, data={"csrf": token, **given}, headers={"cookie": self.session}, trust_env=False, timeout=60
        )
        assert answer.status_code == 303, (answer.status_code, words(Selector(answer.text).css("main, body")[0])[:500])

    def incidents(self, desk: str) -> list[str]:
        """The numbers of the incidents that a desk lists."""
        found = self.page(desk, "/incidents").css("a[href^='/incidents/FX']::attr(href)").getall()
        return sorted({one.rpartition("/")[2] for one in found})

    def findings(self, desk: str, of: str) -> list[str]:
        """The lines of what the auditors find now that say so."""
        rows = self.page(desk, "/findings").css("main .panel")[0].css("tbody tr")
        return [words(one) for one in rows if of in words(one)]
