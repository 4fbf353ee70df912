"""The mutation operators: each makes one small change to a C file, of a kind that people make.

A mutant is known by its file, its line's text, its operator and what that changed, so that a list of
mutants written by hand survives the lines that are added above them.
"""
from dataclasses import dataclass

from suites.mutation.source import ASSIGNS, functions_of, macro_bodies, tokens_of

RELATIONS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
             "==": ("!=",), "!=": ("==",)}
LOGIC = {"&&": "||", "||": "&&"}
SIGNS = {"+": "-", "-": "+", "+=": "-=", "-=": "+=", "++": "--", "--": "++"}
TRUTH = {"true": "false", "false": "true"}
# Notes for a reader of the results: it matters that they are made, but not when.
NOTES = ("trace", "mm_event_add")


@dataclass(frozen=True)
class Mutant:
    file: str
    number: int  # its line
    line: str  # the line's text, without the blanks around it
    operator: str
    change: str
    nth: int  # among those of the file that are else the same
    start: int  # text[start:end] is replaced
    end: int
    replacement: str

    def key(self):
        return self.file, self.line, self.operator, self.change, self.nth

    def apply(self, text):
        return text[:self.start] + self.replacement + text[self.end:]

    def describe(self):
        nth = f" ({self.nth + 1})" if self.nth else ""
        return f"{self.file}:{self.number}: {self.operator}: {self.change}{nth}"


def mutants_of(name, text):
    """All mutants of a file, in the order of its text."""
    tokens = tokens_of(text)
    edits = []
    for function in functions_of(tokens):
        edits += token_edits(tokens[function.first:function.last], array_bounds(tokens, function))
        edits += statement_edits(text, tokens, function)
    if name.endswith(".c"):  # a header's constants are a contract, whose numbers tests name
        for body in macro_bodies(text):
            edits += token_edits(body, set())
    return number(name, text, sorted(edits))


def number(name, text, edits):
    """Edits (start, end, operator, change, replacement) as mutants."""
    lines, seen, found = text.splitlines(), {}, []
    for start, end, operator, change, replacement in edits:
        at = text.count("\n", 0, start)
        line = lines[at].strip()
        nth = seen[line, operator, change] = seen.get((line, operator, change), -1) + 1
        found.append(Mutant(name, at + 1, line, operator, change, nth, start, end, replacement))
    return found


def array_bounds(tokens, function):
    """Where brackets of plain declarations are: how much room an array has is not behaviour."""
    found = set()
    for run in function.runs:
        for one in run:
            inside = tokens[one.first:one.last]
            if one.kind == "declaration" and not any(t.text == "=" for t in inside):
                found.update(t.start for t in inside)
    return found


def token_edits(tokens, spared):
    """Changes of one token."""
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else None
        for operator, now in token_changes(token, before):
            if not (operator == "constant" and token.start in spared):
                yield (token.start, token.end, operator, f"{token.text} -> {now}".strip(), now)


def token_changes(token, before):
    """(operator, replacement) of one token."""
    text = token.text
    if token.kind == "sign":
        yield from (("relation", now) for now in RELATIONS.get(text, ()))
        if text in LOGIC:
            yield "logic", LOGIC[text]
        if text in SIGNS and (len(text) == 2 or is_operand(before)):
            yield "arithmetic", SIGNS[text]
        if text == "!":
            yield "negation", ""
    elif token.kind == "number":
        yield "constant", f"({text} + 1)"
        yield "constant", f"({text} - 1)"
    elif text in TRUTH:
        yield "truth", TRUTH[text]


def is_operand(token):
    """Whether a sign behind it is binary."""
    return token is not None and (token.kind in ("number", "name") and token.text != "return"
                                  or token.text in (")", "]"))


def statement_edits(text, tokens, function):
    """Statements removed, swapped, or given nothing to assign."""
    for run in function.runs:
        for one, after in zip(run, run[1:] + [None]):
            start, end = tokens[one.first].start, tokens[one.last].end
            gone = ";" + "\n" * text.count("\n", start, end)
            if one.kind in ("call", "assignment"):
                yield start, end, "removal", f"{one.kind} removed", gone
            if one.kind == "return" and one.last != function.last - 1:
                yield start, end, "removal", "early return removed", gone
            if one.kind == "assignment":
                yield from zeroed(text, tokens, one)
            if after and {one.kind, after.kind} <= {"call", "assignment", "expression"} \
                    and may_meet(text, tokens, one, after):
                last = tokens[after.last].end
                middle = text[end:tokens[after.first].start]
                swapped = text[tokens[after.first].start:last] + middle + text[start:end]
                yield start, last, "order", "swapped with the next statement", swapped


def may_meet(text, tokens, one, after):
    """
    Whether their order can matter: not of notes, nor of two assignments of which neither uses the
    other's.
    """
    if tokens[one.first].text in NOTES or tokens[after.first].text in NOTES:
        return False
    parts = []
    for each in (one, after):
        inside = tokens[each.first:each.last]
        sign = next((t for t in inside if t.text in ASSIGNS), None)
        if sign is None or any(t.text == "(" for t in inside):
            return True
        parts.append((text[inside[0].start:sign.start].strip(), text[inside[0].start:inside[-1].end]))
    (place, whole), (other, rest) = parts
    return place in rest or other in whole


def zeroed(text, tokens, one):
    """`place = value;` with nothing as its value."""
    first = next((i for i in range(one.first, one.last) if tokens[i].text in ASSIGNS), None)
    if first is None or tokens[first].text != "=":
        return
    start, end = tokens[first + 1].start, tokens[one.last].start
    if text[start:end] not in ("0", "NULL", "false", "true"):
        yield start, end, "zero", "value -> 0", "0" + "\n" * text.count("\n", start, end)
