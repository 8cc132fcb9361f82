"""What an expression may cost over any value that its schema lets pass, in Kubernetes' units and by its rules.

The number decides which rules a CustomResourceDefinition may have, and is told to who writes one, so it is worked out as
Kubernetes does it, where it is too high as well: see https://github.com/google/cel-spec/blob/master/doc/langdef.md and
https://kubernetes.io/docs/reference/using-api/cel/#resource-constraints. What an evaluation costs is another question, see
`sampan.core.cel.cost`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sampan.core.cel.call_costs import CallCost, LookUp, Operand, call_cost
from sampan.core.cel.checked import DYN, Checked, Kind, Loop, Node
from sampan.core.cel.declared import Declared
from sampan.core.cel.optional_results import is_taken
from sampan.core.cel.ranges import MOST, NOTHING, ONE, UNKNOWN, Range, exactly, total
from sampan.core.classes import frozen

Path = tuple[str, ...]

LIST_COST: Final = exactly(10)
MAP_COST: Final = exactly(30)
OBJECT_COST: Final = exactly(40)
_RESULTS: Final = ("__result__", "@result")
"""What the language itself calls the result of a loop."""
_SCALARS: Final = ("bool", "double", "duration", "int", "timestamp", "uint")


def estimate(checked: Checked, declared: Declared) -> int:
    """The most that an expression may cost over ``self`` and ``oldSelf`` of a type."""
    return _Estimator(checked, declared.at).cost(checked.root).high


def estimate_over(checked: Checked, variables: Declared) -> int:
    """The most that it may cost over values that are there, by the names of the variables."""
    return _Estimator(checked, lambda path: variables.at(("", *path))).cost(checked.root).high


@frozen
class _Entries:
    """How large the keys (of a list: the positions) and the values of a list or map are."""

    word: str
    keys: Range
    values: Range


@frozen
class _Local:
    """What a loop or a binding gives a name to."""

    path: Path
    size: Range | None
    entries: _Entries | None = None


class _Estimator:
    def __init__(self, checked: Checked, look_up: LookUp) -> None:
        self._checked = checked
        self._look_up = look_up
        self._paths: dict[int, Path] = {}
        self._locals: dict[str, list[_Local]] = {}
        self._sizes: dict[int, Range] = {}
        self._entries: dict[int, _Entries] = {}

    def cost(self, node: Node) -> Range:
        match node.form:
            case "ident":
                local = self._local(node.name)
                self._paths[node.id] = (node.name,) if local is None else local.path
                return ONE
            case "select" if node.target is not None:
                return self._select(node, node.target)
            case "call":
                return self._call(node)
            case "list":
                return self._list(node)
            case "map":
                return self._map(node)
            case "struct":
                return total([self.cost(value) for value in node.parts[1::2] or node.parts]) + OBJECT_COST
            case "loop" if node.loop is not None:
                return self._bind(node, node.loop) if _is_binding(node.loop) else self._loop(node, node.loop)
        return NOTHING

    def _select(self, node: Node, target: Node) -> Range:
        cost = self.cost(target)
        if node.is_test:
            return cost
        path = self._path(target)
        self._paths[node.id] = (*path, node.name)
        return cost + ONE if self._kind(target).word in ("map", "message", "parameter") else cost

    def _call(self, node: Node) -> Range:
        if node.name == "dyn" and len(node.parts) == 1:
            cost = ONE + self.cost(node.parts[0])
            self._copy(node, node.parts[0])
            return cost
        if is_taken(node):  # put there by us: it costs nothing to who wrote the expression
            cost = self.cost(node.parts[0])
            self._copy(node, node.parts[0])
            return cost
        costs, operands = [], []
        for part in node.parts:
            costs.append(self.cost(part))
            operands.append(self._operand(part))
        overloads = self._checked.overloads.get(node.id, ())
        if not overloads:
            return NOTHING
        before, target = NOTHING, None
        if node.target is not None:
            before = self.cost(node.target)
            target = self._operand(node.target)
        most, size = Range(MOST, 0), None
        for overload in overloads:
            found = self._overload(node, overload, target, operands, costs)
            most |= found.cost
            if found.size is not None:
                size = found.size if size is None else size | found.size
            if overload in ("index_list", "index_map") and node.parts:
                entries = self._entries_of(node.parts[0])
                size = None if entries is None else entries.values
                step = "@items" if overload == "index_list" else "@values"
                self._paths[node.id] = (*self._path(node.parts[0]), step)
            if size is None:
                size = self._size(node)
        self._set_size(node, size)
        return before + most

    def _overload(
        self, node: Node, overload: str, target: Operand | None, operands: Sequence[Operand], costs: Sequence[Range]
    ) -> CallCost:
        """Where a call has parts that are not always evaluated, or joins lists, the tree has its say."""
        match overload:
            case "logical_or" | "logical_and":
                return CallCost(Range(costs[0].low, min(costs[0].high + costs[1].high, MOST)))
            case "conditional":
                either = self._entries_of(node.parts[1]), self._entries_of(node.parts[2])
                self._join(node, *either)
                size = operands[1].size_or_unknown | operands[2].size_or_unknown
                return CallCost(costs[0] + (costs[1] | costs[2]), size)
            case "add_string" | "add_bytes" | "add_list":
                self._join(node, self._entries_of(node.parts[0]), self._entries_of(node.parts[1]))
        found = call_cost(node.name, overload, target, operands)
        return CallCost(found.cost + total(list(costs)), found.size)

    def _list(self, node: Node) -> Range:
        cost, size = NOTHING, Range(MOST if node.parts else 0, 0)
        for part in node.parts:
            cost += self.cost(part)
            size |= self._size_or_unknown(part)
        self._entries[node.id] = _Entries("list", ONE, size)
        return cost + LIST_COST

    def _map(self, node: Node) -> Range:
        cost = NOTHING
        sizes = [Range(MOST if node.parts else 0, 0)] * 2
        for index, part in enumerate(node.parts):
            cost += self.cost(part)
            sizes[index % 2] |= self._size_or_unknown(part)
        self._entries[node.id] = _Entries("map", *sizes)
        return cost + MAP_COST

    # Loops and bindings

    def _loop(self, node: Node, loop: Loop) -> Range:
        cost = self.cost(loop.over) + self.cost(loop.start)
        self._push(loop.result_name, self._named(loop.start))
        if loop.second:
            self._push(loop.item, self._each(loop.over, keys=True))
            self._push(loop.second, self._each(loop.over, keys=False))
        else:
            self._push(loop.item, self._each(loop.over, keys=self._container(loop.over) != "list"))
        again = self.cost(loop.condition)
        again = self.cost(loop.step) + again
        self._pop(loop.item)
        if loop.second:
            self._pop(loop.second)
        cost += self.cost(loop.result)
        self._pop(loop.result_name)
        times = self._size_or_unknown(loop.over)
        if loop.start.form == "constant":
            self._set_size(node, self._size(loop.start))
        elif loop.start.form in ("list", "map"):
            self._set_size(node, times)
            if (entries := self._entries_of(loop.step)) is not None:
                self._entries[node.id] = entries
        return cost + times * again

    def _bind(self, node: Node, loop: Loop) -> Range:
        cost = self.cost(loop.over) + self.cost(loop.start)
        self._push(loop.result_name, self._named(loop.start))
        cost += self.cost(loop.result)
        self._pop(loop.result_name)
        self._copy(node, loop.result)
        return cost

    def _named(self, node: Node) -> _Local:
        return _Local(self._path(node), self._size(node), self._entries_of(node))

    def _each(self, over: Node, *, keys: bool) -> _Local:
        """The variable for the keys or the values of what a loop goes over."""
        entries, is_list = self._entries_of(over), self._container(over) == "list"
        size = None if entries is None else entries.keys if keys else entries.values
        step = ("@indices" if is_list else "@keys") if keys else ("@items" if is_list else "@values")
        return _Local((*self._path(over), step), size)

    def _container(self, node: Node) -> str:
        entries = self._entries_of(node)
        return self._kind(node).word if entries is None else entries.word

    def _local(self, name: str) -> _Local | None:
        known = self._locals.get(name)
        return known[-1] if known else None

    def _push(self, name: str, local: _Local) -> None:
        self._locals.setdefault(name, []).append(local)

    def _pop(self, name: str) -> None:
        self._locals[name].pop()

    # Sizes, paths and types of parts

    def _operand(self, node: Node) -> Operand:
        path = self._path(node)
        if path and path[0] in _RESULTS:
            path = ()
        return Operand(node, path, self._kind(node), self._size(node), self._look_up)

    def _path(self, node: Node) -> Path:
        if node.form == "ident" and (local := self._local(node.name)) is not None:
            return local.path
        return self._paths.get(node.id, ())

    def _kind(self, node: Node) -> Kind:
        """As the checker knows it. What a message cannot say (a list of lists), the schema does."""
        kind = self._checked.type_of(node)
        if kind == DYN or (kind.word == "list" and kind.parts[0] == DYN):
            path = self._path(node)
            declared = self._look_up(path) if path and path[0] not in _RESULTS else None
            return kind if declared is None else declared.kind
        return kind

    def _size(self, node: Node) -> Range | None:
        if node.id in self._sizes:
            return self._sizes[node.id]
        if (own := _own_size(node)) is not None:
            return own
        path = self._path(node)
        if path and (declared := self._look_up(path)) is not None:
            self._sizes[node.id] = Range(0, declared.largest)
            return self._sizes[node.id]
        if _is_scalar(self._kind(node)):
            return ONE
        local = self._local(node.name) if node.form == "ident" else None
        return None if local is None else local.size

    def _size_or_unknown(self, node: Node) -> Range:
        return self._size(node) or UNKNOWN

    def _set_size(self, node: Node, size: Range | None) -> None:
        if size is not None:
            self._sizes[node.id] = size

    def _entries_of(self, node: Node) -> _Entries | None:
        if node.id in self._entries:
            return self._entries[node.id]
        local = self._local(node.name) if node.form == "ident" else None
        return None if local is None else local.entries

    def _join(self, node: Node, left: _Entries | None, right: _Entries | None) -> None:
        if left is not None and right is not None:
            self._entries[node.id] = _Entries(left.word, left.keys | right.keys, left.values | right.values)

    def _copy(self, node: Node, source: Node) -> None:
        self._set_size(node, self._size(source))
        if (entries := self._entries_of(source)) is not None:
            self._entries[node.id] = entries


def _own_size(node: Node) -> Range | None:
    match node.form:
        case "constant":
            return exactly(node.value or 0) if node.literal in ("string", "bytes") else ONE
        case "list":
            return exactly(len(node.parts))
        case "map":
            return exactly(len(node.parts) // 2)
    return None


def _is_scalar(kind: Kind) -> bool:
    if kind.word == "abstract" and kind.name == "optional_type":
        return _is_scalar(kind.parts[0])
    return kind.word in _SCALARS


def _is_binding(loop: Loop) -> bool:
    """``cel.bind`` is a loop over nothing."""
    is_empty = loop.over.form == "list" and not loop.over.parts
    never = loop.condition.form == "constant" and loop.condition.literal == "bool" and not loop.condition.value
    return is_empty and never and loop.result_name not in _RESULTS
