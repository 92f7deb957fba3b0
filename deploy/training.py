"""`fengxin train`: labelled comments in, a folder of weights out, for the engines `linear` and `blend`."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

CORPUS = Path("corpus") / "train"
LIST = "SHA256SUMS"
"""Beside the weights: their digests, in the form of `sha256sum`."""


def train(
    data: Annotated[
        list[Path],
        typer.Argument(help="带标签的评论：.csv（text、label 列）、.tsv（语料），或放有它们的目录。"),
    ],
    out: Annotated[Path, typer.Option("--out", help="权重写到哪个文件夹；已有的同名文件会被替换。")] = Path("weights"),
) -> None:
    """训练情感权重：用所给的评论与随附的语料学习，写出权重文件夹，在设置里写明后启用。"""
    from rich.console import Console
    from rich.progress import track

    import sentiment
    from deploy.command import fail
    from sentiment import labelled, study, training

    try:
        files = [*labelled.read(data), *labelled.read([Path(sentiment.__path__[0]) / CORPUS])]
        asked, known = training.lessons(files), study.study(files)
        console = Console(stderr=True)
        many = training.steps(asked) + (study.steps(known) if known else 0)
        bar = iter(track(range(many), "训练中", console=console, transient=True))
        trained = training.train(asked, lambda: next(bar, None))
        subjects = study.fit(known, lambda: next(bar, None)) if known else None
        for _ in bar:
            pass
        made = trained.write(out)
        if subjects is not None:
            made.append(study.write(subjects, out))
        made.append(_listed(made, out))
    except (labelled.LabelError, training.NotTrainable) as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"{error.filename} 写不了（{error.strerror}）；请换一个 --out。") from None
    for question, many in trained.rows.items():
        typer.echo(f"{NAMES[question.value]}：学了 {many} 条")
    if known is not None:
        typer.echo(f"危急程度与主题：学了 {len(known.texts)} 条")
    typer.echo("已写出：\n" + "\n".join(f"  {path}（{path.stat().st_size / 1024:.0f} KB）" for path in made))
    typer.echo(f'启用：在设置的 [sentiment] 写 weights = "{out}"（从设置文件所在目录算起），再重新启动 fengxin run。')
    sys.stdout.flush()


def _listed(made: Sequence[Path], folder: Path) -> Path:
    """Write the list by which `sha256sum -c` proves the files of `folder`. Raises OSError."""
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(made)]
    (folder / LIST).write_text("".join(lines), "utf-8")
    return folder / LIST


NAMES = {
    "leaning": "正面还是负面", "neutral": "中性还是有倾向", "abuse": "言语攻击", "concern": "值得学校看",
}  # fmt: skip
"""What each head answers, for a person."""
