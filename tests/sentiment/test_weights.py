"""The shipped weights are the bytes that training wrote: their list says so, and those for subjects are made again."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sentiment.linear import SHIPPED

LIST = SHIPPED / "SHA256SUMS"
ORDINARY = Path(__file__).parents[3] / "shared" / "data" / "weibo3_train.csv"
STUDY = """
import sys
from pathlib import Path

from sentiment import labelled, study, subject

known = study.study(labelled.read([Path(name) for name in sys.argv[1:]]))
assert known is not None
sys.stdout.buffer.write(subject.content(study.fit(known)))
"""


def older_processor() -> dict[str, str]:
    """Settings by which numpy and BLAS add in the order of a processor that knows none of the newer instructions."""
    newer = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": " ".join(newer)}


def test_the_shipped_weights_are_the_bytes_of_their_list() -> None:
    lines = LIST.read_text("utf-8").splitlines()
    said = {name: digest for digest, name in (line.split("  ") for line in lines)}
    there = {path.name: path.read_bytes() for path in SHIPPED.iterdir() if path.suffix in (".npz", ".3")}
    assert said == {name: hashlib.sha256(content).hexdigest() for name, content in there.items()}
    assert len(lines) == len(there) == 3


@pytest.mark.skipif(not ORDINARY.exists(), reason="the shared data do not stand beside the checkout")
def test_the_weights_for_subjects_are_made_again_to_the_byte_on_an_older_processor() -> None:
    """Nothing but rows of the corpus and ordinary ones makes them: the least work of all that is shipped (12 s)."""
    made = subprocess.run(
        [sys.executable, "-c", STUDY, str(ORDINARY), str(SHIPPED.parent / "corpus" / "train")],
        capture_output=True, env=os.environ | older_processor(), timeout=280,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr.decode()
    assert made.stdout == (SHIPPED / "subjects.npz").read_bytes()
