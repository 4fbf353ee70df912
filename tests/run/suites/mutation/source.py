"""C source as the mutation operators see it: tokens, and the statements of each function.

Not a C parser: it knows the kernel's style as clang-format leaves it, and no more than an operator
needs: where a function's body is, which statements follow each other in it, and what kind each is.
"""
import re
from dataclasses import dataclass, field

TOKEN = re.compile(r"""
      (?P<blank>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<directive>(?<![^\n])[ \t]*\#(?:\\\n|[^\n])*)
    | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+)\w*)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<sign>\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)
""", re.VERBOSE | re.DOTALL)
MACRO = re.compile(r"[ \t]*#[ \t]*define[ \t]+\w+(\([^)]*\))?")

ASSIGNS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
LOOP = re.compile(r"(list_)?for_each\w*$")
TYPES = {"const", "static", "unsigned", "signed", "int", "long", "short", "char", "bool", "void",
         "struct", "union", "enum", "size_t", "gfp_t", "va_list", "uint8_t", "uint16_t",
         "uint32_t", "uint64_t", "int32_t", "int64_t", "uintptr_t"}
CLOSERS = {"(": ")", "[": "]", "{": "}"}


@dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass
class Statement:
    kind: str  # call, assignment, expression, declaration, return, jump, other
    first: int  # its tokens: [first, last]
    last: int


@dataclass
class Function:
    first: int  # tokens between the braces: [first, last)
    last: int
    runs: list = field(default_factory=list)  # lists of statements that follow each other


def tokens_of(text, start=0, end=None):
    """Tokens of text[start:end], without blanks and comments."""
    found = []
    for match in TOKEN.finditer(text, start, len(text) if end is None else end):
        if match.lastgroup != "blank":
            found.append(Token(match.lastgroup, match.group(), match.start(), match.end()))
    return found


def macro_bodies(text):
    """[tokens] of each #define's body."""
    for token in tokens_of(text):
        match = token.kind == "directive" and MACRO.match(token.text)
        if match:
            yield tokens_of(text, token.start + match.end(), token.end)


def closing(tokens, at):
    """The index of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i].kind == "sign":
            depth += (tokens[i].text in CLOSERS) - (tokens[i].text in CLOSERS.values())
            if depth == 0:
                return i
    raise ValueError(f"no end of {tokens[at].text} at {tokens[at].start}")


def functions_of(tokens):
    """The functions of a file: a brace behind a closing parenthesis opens one."""
    at = 0
    while at < len(tokens):
        if tokens[at].text == "{":
            end = closing(tokens, at)
            if tokens[at - 1].text == ")":
                function = Function(at + 1, end)
                Parser(tokens, function).run(at + 1, end)
                yield function
            at = end
        at += 1


class Parser:
    """Splits a function into runs of statements."""

    def __init__(self, tokens, function):
        self.tokens, self.runs = tokens, function.runs

    def text(self, at):
        return self.tokens[at].text if at < len(self.tokens) else ""

    def run(self, at, end):
        """The statements of [at, end), one after another."""
        statements = []
        self.runs.append(statements)
        while at < end:
            first, at, kind = at, *self.statement(at)
            statements.append(Statement(kind, first, at - 1))
        return end

    def statement(self, at):
        """(one past it, its kind); what is within it becomes runs of its own."""
        token = self.tokens[at]
        if token.kind == "directive":
            return at + 1, "other"
        if token.text == "{":
            return self.run(at + 1, closing(self.tokens, at)) + 1, "other"
        if token.text in ("if", "for", "while", "switch") or LOOP.match(token.text):
            at = self.body(closing(self.tokens, at + 1) + 1)
            return (self.body(at + 1) if self.text(at) == "else" else at), "other"
        if token.text == "do":
            at = self.body(at + 1)
            return closing(self.tokens, at + 1) + 2, "other"
        if token.text in ("case", "default"):
            while self.text(at) != ":":
                at += 1
            return at + 1, "other"
        return self.simple(at)

    def body(self, at):
        """The statement that depends on an if or a loop, a run of its own."""
        if self.text(at) == "{":
            return self.statement(at)[0]
        end, kind = self.statement(at)
        self.runs.append([Statement(kind, at, end - 1)])
        return end

    def simple(self, at):
        """Up to its semicolon."""
        end, signs = at, []
        while self.text(end) != ";":
            signs.append(self.text(end))
            end = (closing(self.tokens, end) if self.text(end) in CLOSERS else end) + 1
        return end + 1, self.kind(at, end, signs)

    def kind(self, at, end, signs):
        first, second = self.text(at), self.tokens[at + 1]
        if first == "return":
            return "return"
        if first in ("break", "continue", "goto") or first == ";":
            return "jump"
        if first in TYPES or (self.tokens[at].kind == "name" and second.kind == "name"):
            return "declaration"
        if ASSIGNS.intersection(signs) or "++" in signs or "--" in signs:
            return "assignment"
        if second.text == "(" and closing(self.tokens, at + 1) == end - 1:
            return "call"
        return "expression"
