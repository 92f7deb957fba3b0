"""What every record on the log shares: a version, frozen strict fields, and reading that says which field is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError


class WireError(ValueError):
    """A record on the log that no reader of this version can take; it belongs to the dead letters."""


def _aware_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("时间须带时区")
    return at if at.tzinfo is UTC else at.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_aware_utc)]
"""An aware instant, kept in UTC; pages show it in Asia/Shanghai."""


class Wire(BaseModel):
    """A wire record: frozen; a field that a later version added is ignored by an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def wire(self) -> bytes:
        """The record's bytes: UTF-8 JSON, keys in the order of the fields."""
        return _written(type(self)).dump_json(self)

    def wire_without(self, left_out: Any) -> bytes:
        """As `wire`, without these fields (as pydantic's `exclude` names them)."""
        return _written(type(self)).dump_json(self, exclude=left_out)

    @classmethod
    def from_wire(cls, raw: bytes) -> Self:
        """Read a record. Raises WireError, naming the field, where it cannot be one of ours."""
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            raise refusal(error) from error


def refusal(error: ValidationError) -> WireError:
    """What a record failed of first, with the field's name."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "记录"
    return WireError(f"{where}：{first['msg']}")


@cache
def _written(kind: type[Wire]) -> TypeAdapter[Any]:
    """Writes records of a kind to bytes at once; a model's own way makes a str of them first."""
    return TypeAdapter(kind)
