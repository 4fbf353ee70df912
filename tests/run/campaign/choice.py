"""Which runs a command means: scenarios by name or pattern, and one or several lists of patches.

Without a name: the study. A pattern (spike*) means arms that scenarios declare; a name means what it says,
declared or not. Arms that do not hold on the machine that is asked for are left out, with a line.
"""
import dataclasses
import fnmatch

from campaign import arms, asked
from nearest import hint
from options import PATCH, UserError, match

ALL = "*"


def is_many(text):
    """Does a text name more than one scenario, or more than one list of patches?"""
    return len(text.split()) > 1 or is_pattern(text)


def is_pattern(word):
    return any(char in word for char in "*?[")


def pairs(spec, known, scenarios, patches, may_be_none=False):
    """Return ([(settled spec, arm or None)], lines on what was left out, lines on what is wrong)."""
    found, left_out, wrong = [], [], []
    for scenario, patch in names(known, scenarios, patches):
        one = dataclasses.replace(spec, scenario=scenario, patch=patch)
        try:
            found.append(asked.settle(one, known))
        except asked.Faulty as error:
            wrong += [str(error)] if str(error) not in wrong else []
        except asked.Outside as error:
            left_out.append(str(error))
    if not found and not wrong and not (may_be_none and left_out):
        raise UserError(left_out[0] if left_out else f"SCENARIO={scenarios!r} PATCH={patches!r}: expected "
                        "at least one arm, found none")
    return found, left_out, wrong


def names(known, scenarios, patches):
    """Yield each (scenario, patch), those of one seed together."""
    table = sorted(known, key=lambda arm: arm.source)
    seen = set()
    for word in scenarios.split() or [""]:
        for scenario in matching(word, table, known):
            for patch in lists_of(scenario, patches, table, known, is_pattern(word)):
                if (scenario, patch) not in seen:
                    seen.add((scenario, patch))
                    yield scenario, patch


def matching(word, table, known):
    if word == ALL:
        return unique(arm.scenario for arm in arms.study(table))
    found = unique(arm.scenario for arm in table if fnmatch.fnmatchcase(arm.scenario, word))
    if not found and word in known.scenarios:
        return [word]  # which declares no arm
    if not found:
        raise UserError(f"SCENARIO={word!r}: there is none of that name"
                        f"{hint(word, known.scenarios)}; `make list` lists them")
    return found


def lists_of(scenario, patches, table, known, declared_only):
    """Return the lists of patches that a scenario is run with."""
    own = [arm.patch for arm in table if arm.scenario == scenario]
    found = []
    if not patches.split():
        raise UserError(f"PATCH={patches!r}: expected none, all or a list a,b,-c")
    for word in patches.split():
        if is_pattern(word):
            found += [patch for patch in own if fnmatch.fnmatchcase(patch, word)]
            continue
        match("PATCH", word, PATCH, "none, all or a list a,b,-c")
        name = asked.patch_name(scenario, word, known)
        found += [name] if name in own or not declared_only else []
    return unique(found)


def unique(words):
    return list(dict.fromkeys(words))
