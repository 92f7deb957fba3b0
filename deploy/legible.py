"""Legible 能读的部分: of settings or rows with mistakes, what can be read, so that the other checks go on.

What cannot be read is no attribute of what these give: asking for it raises AttributeError, and the asking rule stops.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from deploy.toml_file import Key, is_secret, sections_of

Model = TypeVar("Model", bound=BaseModel)


def section(model: type[Model], raw: Mapping[str, Any], bad: set[Key]) -> Model:
    """A section of its keys that were found right; `bad`: paths of the others, beginning at this section."""
    wrong = {path[0] for path in bad if len(path) == 1}
    values: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key in wrong or key not in raw:
            continue
        inner = {path[1:] for path in bad if path[0] == key and len(path) > 1}
        values[key] = _value(raw[key], info.annotation, inner)
    made = model.model_construct(**values)
    for name, info in model.model_fields.items():
        if (info.alias or name) in wrong:
            made.__dict__.pop(name, None)
    return made


def _value(raw: object, annotation: object, bad: set[Key]) -> object:
    if () in bad and (models := sections_of(annotation)):
        made = models[0].model_construct()
        made.__dict__.clear()
        return made
    if isinstance(raw, dict) and (models := sections_of(annotation)):
        return section(_of_platform(models, raw), raw, bad)
    if isinstance(raw, list):
        inner = [{path[1:] for path in bad if path[:1] == (index,)} for index in range(len(raw))]
        return tuple(_value(one, annotation, inner[index]) for index, one in enumerate(raw))
    return SecretStr(raw) if isinstance(raw, str) and is_secret(annotation) else raw


def _of_platform(models: list[type[BaseModel]], raw: Mapping[str, Any]) -> type[BaseModel]:
    """Of the models of a list of routes the one of this platform; elsewhere there is only one."""
    named = [
        model for model in models if "platform" in model.model_fields
        and str(raw.get("platform")) in str(model.model_fields["platform"].annotation)
    ]  # fmt: skip
    return (named or models)[0]


def row(model: type[Model], values: Mapping[str, Any]) -> Model:
    """A row of a table with the cells that can be read."""
    good: dict[str, Any] = {}
    wrong: list[str] = []
    for name, info in model.model_fields.items():
        if name not in values:
            continue
        try:
            cell: TypeAdapter[Any] = TypeAdapter(Annotated[info.annotation, info])  # type: ignore[arg-type]
            good[name] = cell.validate_python(values[name])
        except ValidationError:
            wrong.append(name)
    made = model.model_construct(**good)
    for name in wrong:
        made.__dict__.pop(name, None)
    return made
