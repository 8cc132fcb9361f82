"""Schema types as CEL's type checker knows them: each struct is made a protobuf message.

Only the checker sees these messages: it finds misspelt fields and comparisons that can never hold. Evaluation works on the
plain JSON values. What a message cannot say (lists of lists, any value) is ``dyn``, which passes every check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, struct_pb2, timestamp_pb2

from sampan.core.cel.library.function import OPAQUE
from sampan.core.cel.names import escape
from sampan.core.cel.scalars import scalar_word
from sampan.core.cel.type_words import SIGNATURES
from sampan.core.schema.types import List, Map, Scalar, Struct, Type

PACKAGE: Final = "sampan.cel"
_Field = descriptor_pb2.FieldDescriptorProto
_DYN: Final = ".google.protobuf.Value"
_DYN_LIST: Final = ".google.protobuf.ListValue"
_DYN_MAP: Final = ".google.protobuf.Struct"
_TIME: Final = ".google.protobuf.Timestamp"
_DURATION: Final = ".google.protobuf.Duration"
_PLAIN: Final[Mapping[str, int]] = {
    "string": _Field.TYPE_STRING,
    "integer": _Field.TYPE_INT64,
    "number": _Field.TYPE_DOUBLE,
    "boolean": _Field.TYPE_BOOL,
    "bytes": _Field.TYPE_BYTES,
}


class MessageTypes:
    """A descriptor pool that grows with the types that are asked for. Not shared between threads."""

    def __init__(self) -> None:
        self.pool = descriptor_pool.DescriptorPool()
        for module in (timestamp_pb2, duration_pb2, struct_pb2):
            self.pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        for name in OPAQUE:
            self.pool.Add(_empty_message(name))
        self._file = descriptor_pb2.FileDescriptorProto(name="sampan/cel.proto", package=PACKAGE, syntax="proto2")
        for name in ("timestamp", "duration", "struct"):
            self._file.dependency.append(f"google/protobuf/{name}.proto")
        self._known: dict[int, str] = {}
        self._kept: list[Struct] = []

    def declare(self, kind: Type, label: str) -> str:
        """A signature for the checker (``dyn``, ``list(string)``, a message's name). ``label`` names it in errors."""
        match kind:
            case Struct():
                return f"{PACKAGE}.{self._message(kind, label)}"
            case List(item=item):
                return f"list({self.declare(item, label)})"
            case Map(value=value):
                return f"map(string, {self.declare(value, label)})"
            case Scalar():
                return SIGNATURES.get(scalar_word(kind), "dyn")

    def finish(self) -> Any:
        """The pool, with all that was declared."""
        self.pool.Add(self._file)
        return self.pool

    def _message(self, struct: Struct, label: str) -> str:
        known = self._known.get(id(struct))
        if known is not None:
            return known
        name = f"{_identifier(_label(struct.definition, label))}_{len(self._known)}"
        self._known[id(struct)] = name
        self._kept.append(struct)  # an id is one as long as its object lives
        message = self._file.message_type.add(name=name)
        for number, field in enumerate(struct.fields.values(), start=1):
            escaped = escape(field.name)
            if escaped is not None and field.described:
                self._field(message, escaped, number, field.type)
        return name

    def _field(self, message: Any, name: str, number: int, kind: Type) -> None:
        field = message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL, json_name=name)
        match kind:
            case Scalar():
                self._single(field, kind)
            case Struct():
                self._refer(field, f".{PACKAGE}.{self._message(kind, name)}")
            case List(item=Scalar() | Struct() as item):
                field.label = _Field.LABEL_REPEATED
                self._element(field, item, name)
            case Map(value=Scalar() | Struct() as value):
                entry = message.nested_type.add(name=f"{_identifier(name).title().replace('_', '')}{number}Entry")
                entry.options.map_entry = True
                entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
                inner = entry.field.add(name="value", number=2, label=_Field.LABEL_OPTIONAL)
                self._element(inner, value, name)
                field.label = _Field.LABEL_REPEATED
                self._refer(field, f".{PACKAGE}.{message.name}.{entry.name}")
                # protoc names entries after their fields; the pool only asks that both agree
                entry.name = "".join(part[:1].upper() + part[1:] for part in name.split("_")) + "Entry"
                field.type_name = f".{PACKAGE}.{message.name}.{entry.name}"
            case List():
                self._refer(field, _DYN_LIST)
            case Map():
                self._refer(field, _DYN_MAP)

    def _element(self, field: Any, kind: Scalar | Struct, name: str) -> None:
        if isinstance(kind, Scalar):
            self._single(field, kind)
        else:
            self._refer(field, f".{PACKAGE}.{self._message(kind, name)}")

    def _single(self, field: Any, kind: Scalar) -> None:
        word = scalar_word(kind)
        if word in _PLAIN:
            field.type = _PLAIN[word]
        else:
            self._refer(field, {"time": _TIME, "duration": _DURATION}.get(word, _DYN))

    @staticmethod
    def _refer(field: Any, type_name: str) -> None:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = type_name


def _empty_message(full_name: str) -> Any:
    """What the checker takes a type of Kubernetes' own for: a message without fields, equal to no other."""
    package, _, name = full_name.rpartition(".")
    file = descriptor_pb2.FileDescriptorProto(name=f"{full_name}.proto", package=package, syntax="proto2")
    file.message_type.add(name=name)
    return file


def _label(definition: str, label: str) -> str:
    """Types that Kubernetes has for expressions alone are called so in errors (see `errors.types_as_known`)."""
    return definition if definition.startswith("kubernetes.") else definition.rpartition(".")[2] or label


def _identifier(text: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in text) or "Type"
