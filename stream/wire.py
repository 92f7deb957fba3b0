"""What every record on the log shares: a version, frozen strict fields, and reading that says which field is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError


class WireError(ValueError):
    """A record on the log that no reader of this version can take; it belongs to the dead letters."""


def _aware_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("时间须带时区")
    return at.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_aware_utc)]
"""An aware instant, kept in UTC; pages show it in Asia/Shanghai."""


class Wire(BaseModel):
    """A wire record: frozen; a field that a later version added is ignored by an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def wire(self) -> bytes:
        """The record's bytes: UTF-8 JSON, keys in the order of the fields."""
        return self.model_dump_json().encode()

    @classmethod
    def from_wire(cls, raw: bytes) -> Self:
        """Read a record. Raises WireError, naming the field, where it cannot be one of ours."""
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "记录"
            raise WireError(f"{where}：{first['msg']}") from error
