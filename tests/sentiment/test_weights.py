"""The shipped weights are the bytes that training wrote: their list beside them says so, and names every one."""

import hashlib

from sentiment.linear import SHIPPED

LIST = SHIPPED / "SHA256SUMS"


def test_the_shipped_weights_are_the_bytes_of_their_list() -> None:
    lines = LIST.read_text("utf-8").splitlines()
    said = {name: digest for digest, name in (line.split("  ") for line in lines)}
    there = {path.name: path.read_bytes() for path in SHIPPED.iterdir() if path.suffix in (".npz", ".3")}
    assert said == {name: hashlib.sha256(content).hexdigest() for name, content in there.items()}
    assert len(lines) == len(there) == 3
