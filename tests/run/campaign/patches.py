"""Sets of patches, as PATCH names them: none, all, series, names, and -name, which takes one out.

The same set may be named in many ways; here it gets one name. Mirrors mm/page/patch.c, whose table it is.
"""
from nearest import hint
from options import UserError

NONE, ALL, SERIES = "none", "all", "series"


class Patches:
    """The kernel's patches, in its order: events with name, needs and series."""

    def __init__(self, said):
        self.names = [one["name"] for one in said]
        self.series = {one["name"] for one in said if one.get("series")}
        self.needs = {one["name"]: set(filter(None, one.get("needs", "").split(",")))
                      for one in said}

    def chosen(self, text):
        """Return the set of names that a text stands for, or raise UserError."""
        found, words = set(), text.split(",")
        if NONE in words and any(not word.startswith("-") and word != NONE for word in words[words.index(NONE):]):
            raise UserError(f"PATCH={text!r}: expected none alone; several arms are separated by blanks: "
                            f"PATCH=\"{' '.join(words)}\"")
        for word in words:
            if word == NONE:
                found = set()
            elif word in (ALL, SERIES):
                found |= set(self.names) if word == ALL else self.series
            elif word.removeprefix("-") not in self.names:
                raise UserError(self.unknown(text, word.removeprefix("-")))
            elif word.startswith("-"):
                found.discard(word[1:])
            else:
                found.add(word)
        for name in self.ordered(found):
            if missing := self.needs[name] - found:
                raise UserError(f"PATCH={text!r}: expected {name} together with "
                                f"{','.join(self.ordered(missing))}")
        return found

    def unknown(self, text, word):
        near = hint(word, [NONE, ALL, SERIES, *self.names])
        return (f"PATCH={text!r}: no patch is named {word}{near}; expected none, all, series, or a "
                f"list of {','.join(self.names)}")

    def ordered(self, found):
        return [name for name in self.names if name in found]

    def name(self, found):
        """Return the shortest usual name of a set."""
        for usual in (NONE, ALL, SERIES):
            if self.chosen(usual) == found:
                return usual
        left_out = [f"-{name}" for name in self.names if name not in found]
        return ",".join(min([self.ordered(found), [ALL, *left_out]], key=len))
