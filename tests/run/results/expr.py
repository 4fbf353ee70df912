"""Checks and phrases of an arm: a tiny expression language over a run's numbers.

Numbers, strings, dotted names, + - * / //, comparisons, and/or/not. Nothing is ever executed as
Python: the text is parsed and its tree is walked, and any other kind of node is an error.
"""
import ast
import operator

BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
          ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv}
UNARY = {ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_}
COMPARE = {ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt,
           ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge}
KINDS = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.boolop, *BINARY, *UNARY, *COMPARE)


class CheckError(Exception):
    """Why an expression could not be evaluated."""


def failure(text, counters, reports):
    """Return None when the check holds, else one line that says why it does not."""
    names = Names(counters, reports)
    try:
        if result(text, names):
            return None
    except CheckError as error:
        return str(error)
    seen = ", ".join(f"{name} = {found}" for name, found in names.seen.items())
    return f"{text}: does not hold ({seen})" if seen else f"{text}: does not hold"


def evaluate(text, counters, reports):
    """Return what a text comes to, or raise CheckError with one line that says why not."""
    return result(text, Names(counters, reports))


def names(text):
    """Return the dotted names in a text, or raise CheckError where it is not of this language."""
    try:
        return names_in(parsed(text))
    except CheckError as error:
        raise CheckError(f"{text}: {str(error).removeprefix(f'{text}: ')}") from error


def names_in(node):
    if isinstance(node, (ast.Name, ast.Attribute)):
        return {dotted(node)}
    if not isinstance(node, KINDS):
        raise CheckError(f"{ast.unparse(node) or type(node).__name__} is not allowed here")
    return set().union(*map(names_in, ast.iter_child_nodes(node)))


def parsed(text):
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise CheckError(f"{text}: not an expression") from error


def result(text, names):
    try:
        return value(parsed(text), names)
    except (CheckError, ArithmeticError, TypeError, RecursionError) as error:
        if str(error).startswith(f"{text}: "):
            raise
        raise CheckError(f"{text}: {error}") from error


class Names:
    """Looks a dotted name up in the counters, then in the first report."""

    def __init__(self, counters, reports):
        self.counters = counters
        self.report = reports[0] if reports else None
        self.seen = {}

    def get(self, name):
        if name in self.counters:
            found = self.counters[name]
        elif self.report is None:
            raise CheckError(f"no counter is named {name} and no report was printed")
        else:
            found = descend(with_worst(with_preferred(self.report)), name)
        if not isinstance(found, (int, float, str)):
            raise CheckError(f"{name} has no single value in the first report")
        self.seen[name] = found
        return found


def with_preferred(report):
    """`preferred.free` is of the zone that the first report's request tries first."""
    name = report.get("preferred")
    zone = (report.get("zones") or {}).get(name)
    return {**report, "preferred": {**zone, "name": name}} if zone else report


def with_worst(report):
    """Whom the report's own table would have die: `worst.name`; the last of those that are equal."""
    trailer = report.get("trailer") or {}
    share = (trailer.get("ram", 0) - trailer.get("reserved", 0)) // 1000
    rows = [row for row in report.get("tasks") or [] if row["oom_score_adj"] != -1000]
    if not rows:
        return report
    return {**report, "worst": max(reversed(rows), key=lambda row: badness(row, share))}


def badness(row, share):
    return (row["rss"] + row["swapents"] + row["nr_ptes"] + row["nr_pmds"]
            + row["oom_score_adj"] * share)


def descend(report, name):
    place = report
    for part in name.split("."):
        if not isinstance(place, dict) or part not in place:
            raise CheckError(f"{name} is neither a counter nor in the first report")
        place = place[part]
    return place


def value(node, names):
    """Evaluate one node; the kinds listed here are the whole language."""
    match node:
        case ast.Constant(value=int() | float() | str()):
            return node.value
        case ast.Name() | ast.Attribute():
            return names.get(dotted(node))
        case ast.BinOp(op=op) if type(op) in BINARY:
            return BINARY[type(op)](value(node.left, names), value(node.right, names))
        case ast.UnaryOp(op=op) if type(op) in UNARY:
            return UNARY[type(op)](value(node.operand, names))
        case ast.BoolOp(op=ast.And()):
            return all(value(part, names) for part in node.values)
        case ast.BoolOp():
            return any(value(part, names) for part in node.values)
        case ast.Compare():
            return compare(node, names)
    raise CheckError(f"{ast.unparse(node)} is not allowed here")


def compare(node, names):
    left = value(node.left, names)
    for op, part in zip(node.ops, node.comparators):
        if type(op) not in COMPARE:
            raise CheckError(f"{ast.unparse(node)} is not allowed here")
        right = value(part, names)
        if not COMPARE[type(op)](left, right):
            return False
        left = right
    return True


def dotted(node):
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    raise CheckError(f"{ast.unparse(node)} is not allowed here")
