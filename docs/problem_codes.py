"""The codes of problems, found in the source: what each says, its remedy, and where it comes from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stageproof.engine.counted import plural

SOURCE = Path(__file__).resolve().parent.parent / "src" / "stageproof"
_CODE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_SENTENCE = re.compile(r"[A-Z“‹\"'].*[.…]$|.*‹.*", re.DOTALL)
_NOT_PROBLEMS = ("Change", "_decimal")
_RAISERS = ("Problem", "problem", "refusal", "reject", "trouble", "note")

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module


@dataclass(frozen=True)
class Told:
    """One place where a problem is told; `says` and `remedy` have ‹names› where values go."""

    code: str
    says: str
    remedy: str
    by: str
    module: str


def told_in(package: str) -> list[Told]:
    """Every place in the package where a problem with a written code is told, in order of modules."""
    found = []
    for path in sorted((SOURCE / package).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = path.relative_to(SOURCE.parent.parent).as_posix()
        found.extend(Told(*each, module) for each in _in_module(tree))
    return found


def _in_module(tree: ast.Module) -> Iterator[tuple[str, str, str, str]]:
    for scope, node in _with_scopes(tree, tree):
        if isinstance(node, ast.Call):
            yield from _in_call(node, scope, tree)
        elif isinstance(node, ast.Tuple):
            yield from _in_tuple(node, scope, tree)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(value, ast.Tuple) and key is not None:
                    yield from _in_tuple(ast.Tuple([key, *value.elts]), scope, tree)


def _with_scopes(node: ast.AST, scope: Function) -> Iterator[tuple[Function, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        inner = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else scope
        yield scope, child
        yield from _with_scopes(child, inner)


def _in_call(call: ast.Call, scope: Function, tree: ast.Module) -> Iterator[tuple[str, str, str, str]]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in _NOT_PROBLEMS:
        return
    if name == "wrong":
        yield "mapping", _text(call.args[1], scope, tree), _text(call.args[2], scope, tree), name
        return
    for place, argument in enumerate(call.args):
        code = _code(argument)
        if code is None:
            continue
        rest = call.args[place + 1 :]
        given = {each.arg: each.value for each in call.keywords}
        says = _text(rest[0] if rest else given.get("says"), scope, tree)
        last = rest[2:] if name == "note" else rest[1:]
        remedy = _text(last[0] if last else given.get("remedy"), scope, tree)
        if says and _SENTENCE.match(says) and (name in _RAISERS or says.endswith(".")):
            yield code, says, remedy, name
            return


def _in_tuple(node: ast.Tuple, scope: Function, tree: ast.Module) -> Iterator[tuple[str, str, str, str]]:
    """A row of a table of faults: code, says, remedy."""
    for place, element in enumerate(node.elts[:-2]):
        code = _code(element)
        says, remedy = (_text(each, scope, tree) for each in node.elts[place + 1 : place + 3])
        if code and says.endswith(".") and remedy.endswith("."):
            yield code, says, remedy, "reject"


def _code(node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
        return node.value
    return None


def _text(node: ast.expr | None, scope: Function, tree: ast.Module) -> str:
    """The text of an expression as a reader sees it; names of values in ‹›."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, scope, tree) for part in parts)
        case ast.FormattedValue(value=value) | (ast.Call(func=ast.Name(id="count_text")) as value):
            return _counted(value) or _placeholder(value)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left, scope, tree) + _text(right, scope, tree)
        case ast.IfExp(body=body):
            return _text(body, scope, tree)
        case ast.BoolOp(values=values):
            return _text(values[-1], scope, tree)
        case ast.Name(id=name):
            found = _assigned(name, scope, getattr(node, "lineno", 0)) or _assigned(name, tree, 10**9)
            return _text(found, scope, tree) if found is not None else _placeholder(node)
        case None:
            return ""
    return _placeholder(node)


def _counted(node: ast.expr) -> str:
    """A count with its noun for several; blank for anything else."""
    match node:
        case ast.Call(func=ast.Name(id="count_text"), args=[count, ast.Constant(value=str(noun))]):
            one, _, many = noun.partition(",")
            return f"{_placeholder(count)} {many or plural(one)}"
    return ""


def _assigned(name: str, scope: Function, before: int) -> ast.expr | None:
    """What the name was last given in the scope before the line."""
    last = None
    nodes = [node for node in ast.walk(scope) if isinstance(node, ast.Assign) and node.lineno <= before]
    for node in sorted(nodes, key=lambda each: each.lineno):
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == name:
                last = node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for each, value in zip(target.elts, node.value.elts, strict=False):
                    if isinstance(each, ast.Name) and each.id == name:
                        last = value
    return None if isinstance(last, ast.Name) and last.id == name else last


def _placeholder(node: ast.expr) -> str:
    """A word for a value that is only known when the problem is told."""
    names = [each.id if isinstance(each, ast.Name) else each.attr for each in ast.walk(node)
             if isinstance(each, ast.Name | ast.Attribute)]  # fmt: skip
    words = [name for name in names if name not in ("self", "join", "len", "str", "strip")]
    return f"‹{(words[0] if words else '…').strip('_').replace('_', ' ').lower()}›"
