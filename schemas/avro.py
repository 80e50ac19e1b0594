"""Avro schemas, derived from the Structs: one declaration, exported, never written by hand.

A Struct becomes an Avro record of the same name with the same fields, their documentation and their
defaults. `fields` that the shell fills in have a Python default, but none on the wire.
"""

from __future__ import annotations

import enum
from functools import cache
from typing import Any

import msgspec
from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form
from msgspec import inspect

NAMESPACE = "memberstream"
AvroSchema = dict[str, Any]
SIMPLE = {
    inspect.IntType: "long",
    inspect.FloatType: "double",
    inspect.StrType: "string",
    inspect.BoolType: "boolean",
    inspect.BytesType: "bytes",
    inspect.NoneType: "null",
}


@cache
def avro_schema(record: type[msgspec.Struct]) -> AvroSchema:
    """The Avro schema of a Struct, with documentation and logical types."""
    schema = _avro(inspect.type_info(record), set())
    assert isinstance(schema, dict), record
    return {**schema, "namespace": NAMESPACE}


@cache
def rabin(record: type[msgspec.Struct]) -> bytes:
    """CRC-64-AVRO of the parsing canonical form, little endian: 8 bytes."""
    return schema_fingerprint(avro_schema(record))


def schema_fingerprint(schema: AvroSchema) -> bytes:
    """The same of any schema."""
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def plain(schema: Any) -> Any:
    """The schema without logical types: times stay integers when fastavro reads and writes them."""
    if isinstance(schema, list):
        return [plain(branch) for branch in schema]
    if isinstance(schema, dict):
        if "logicalType" in schema:
            return schema["type"]
        return {key: plain(value) for key, value in schema.items()}
    return schema


def parsed(schema: AvroSchema) -> AvroSchema:
    """What fastavro reads and writes by."""
    result = parse_schema(plain(schema))
    assert isinstance(result, dict)
    return result


def _avro(info: inspect.Type, named: set[str]) -> Any:
    """Avro for a type; a named type is written out once, then referred to by its name."""
    match info:
        case inspect.Metadata(type=inner, extra=extra):
            logical = (extra or {}).get("avro")
            schema = _avro(inner, named)
            return _with_logical(schema, logical) if logical else schema
        case inspect.StructType(cls=cls, fields=fields):
            return _named(cls, named) or _record(cls, fields, named)
        case inspect.EnumType(cls=cls):
            return _named(cls, named) or _enumeration(cls)
        case inspect.ListType(item_type=item):
            return {"type": "array", "items": _avro(item, named)}
        case inspect.UnionType(types=types):
            branches = sorted(types, key=lambda branch: not isinstance(branch, inspect.NoneType))
            return [_avro(branch, named) for branch in branches]
        case _ if type(info) in SIMPLE:
            return SIMPLE[type(info)]
    raise TypeError(
        f"no Avro for {info}: use int, float, str, bool, bytes, list, a Struct or a Word"
    )


def _named(cls: type, named: set[str]) -> str | None:
    if cls.__name__ in named:
        return cls.__name__
    named.add(cls.__name__)
    return None


def _with_logical(schema: Any, logical: str) -> Any:
    if isinstance(schema, list):
        return [b if b == "null" else {"type": b, "logicalType": logical} for b in schema]
    return {"type": schema, "logicalType": logical}


def _record(cls: type, fields: tuple[inspect.Field, ...], named: set[str]) -> AvroSchema:
    return {
        "type": "record",
        "name": cls.__name__,
        "doc": (cls.__doc__ or "").strip(),
        "fields": [_field(field, named) for field in fields],
    }


def _field(field: inspect.Field, named: set[str]) -> AvroSchema:
    schema: AvroSchema = {"name": field.name, "type": _avro(field.type, named)}
    description, filled = _documentation(field.type)
    if description:
        schema["doc"] = description
    if not field.required and not filled:
        schema["default"] = _default(field)
    return schema


def _documentation(info: inspect.Type) -> tuple[str, bool]:
    if not isinstance(info, inspect.Metadata):
        return "", False
    description = (info.extra_json_schema or {}).get("description", "")
    return description, bool((info.extra or {}).get("filled"))


def _default(field: inspect.Field) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return msgspec.to_builtins(field.default)
    assert field.default_factory is not msgspec.NODEFAULT
    return msgspec.to_builtins(field.default_factory())


def _enumeration(cls: type[enum.Enum]) -> AvroSchema:
    return {
        "type": "enum",
        "name": cls.__name__,
        "doc": (cls.__doc__ or "").strip(),
        "symbols": [member.value for member in cls],
        "default": "UNKNOWN",
    }
