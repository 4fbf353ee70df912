"""What scenarios declare, held against what there is: each mistake is a line with its file and its field.

A scenario with a mistake does not run; the others keep what they declare.
"""
import functools
import re

import devices
from nearest import hint
from options import MAX_CPUS, MAX_MIB, MAX_SHIFT, UserError
from reports import headline
from results import expr, outcome, phrase

GROUPS = ("study", "test", "bench")
OUTCOMES = (*outcome.ENDS, *outcome.BY_THE_HOST)
REPORT = headline.open_report("x invoked oom-killer: gfp_mask=0x0(0), order=0, oom_score_adj=0")
BESIDES = ("victims", "cpus")  # names that the runner itself adds to the counters
VIEWS = ("preferred", "worst")  # of the first report


def faults(known):
    """Return {scenario: its lines}."""
    found = {}
    for scenario, field, what in all_of(known):
        file = known.scenarios.get(scenario, "the kernel")
        found.setdefault(scenario, []).append(f"{file}: scenario {scenario}: {field}: {what}")
    return found


def all_of(known):
    """Yield (scenario, field, what is wrong)."""
    for name in twice(known.said_names("scenarios")):
        yield name, "name", "another scenario has it too; expected it once"
    for name in twice(known.said_names("params")):
        yield name.rpartition(".")[0], name, "a knob of that name is declared twice; expected it once"
    for name, param in known.params.items():
        if "min" in param and not param["min"] <= param["default"] <= param["max"]:
            yield (name.rpartition(".")[0], name, f"its default is {param['default']}; expected "
                   f"{param['min']} to {param['max']}")
    seen = set()
    for arm in known:
        where = f"arm {arm.patch}"
        if (arm.scenario, arm.patch) in seen:
            yield arm.scenario, where, "another arm has these patches too; expected one"
        seen.add((arm.scenario, arm.patch))
        for field, what in of_arm(arm, known):
            yield arm.scenario, f"{where}: {field}", what


def twice(names):
    return [name for at, name in enumerate(names) if name in names[:at]]


def of_arm(arm, known):
    """Yield (field, what is wrong) of one arm."""
    if arm.group not in GROUPS:
        yield ".group", unknown(arm.group, GROUPS)
    if arm.outcome not in OUTCOMES:
        yield ".outcome", unknown(arm.outcome, OUTCOMES)
    for field, value, most in (("mem_mib", arm.mem, MAX_MIB), ("nr_cpus", arm.ncpus, MAX_CPUS), ("shift", arm.shift, MAX_SHIFT)):
        if not 0 <= value <= most:
            yield f".{field}", f"{value}; expected 0 to {most}"
    for field, pair, most in (("mem", arm.mem_hold, MAX_MIB), ("cpus", arm.cpus_hold, MAX_CPUS)):
        if any(pair) and not 1 <= pair[0] <= pair[1] <= most:
            yield f".{field}", f"{{{pair[0]}, {pair[1]}}}; expected two numbers from 1 to {most}, the " \
                               "lesser first"
    yield from of_devices(arm)
    yield from of_patch(arm, known)
    yield from of_args(arm, known)
    for text in arm.checks:
        yield from of_expression(".checks", text, known)
    try:
        for text in phrase.expressions(arm.showed):
            yield from of_expression(".showed", text, known)
    except expr.CheckError as error:
        yield ".showed", str(error)


def unknown(name, names):
    return f"{name!r}{hint(name, names)}; expected {' or '.join(names)}"


def of_devices(arm):
    for text in dict.fromkeys((arm.devices, arm.every_devices)):
        try:
            devices.parse(text)
        except devices.Wrong as error:
            yield ".devices", str(error)


def of_patch(arm, known):
    if known.patches.names:
        try:
            known.patches.chosen(arm.patch)
        except UserError as error:
            yield ".patch", str(error)


def of_args(arm, known):
    for word in arm.args.split() if known.params else ():
        name, _, value = word.partition("=")
        param = known.params.get(name)
        if not param:
            yield ".args", f"no parameter is named {name}{hint(name, known.params)}"
        elif "min" in param and not re.fullmatch(r"-?\d+", value):
            yield ".args", f"{word}; expected a number"
        elif "min" in param and not param["min"] <= int(value) <= param["max"]:
            yield ".args", f"{word}; expected {param['min']} to {param['max']}"


def of_expression(field, text, known):
    """An expression names counters, or what is in a report."""
    try:
        names = expr.names(text)
    except expr.CheckError as error:
        yield field, str(error)
        return
    for name in sorted(names) if known.counters else ():
        first = name.split(".")[0]
        if not (first in REPORT or first in VIEWS or name in BESIDES or is_counter(name, known)):
            near = hint(name, [*known.counters, *REPORT, *BESIDES])
            yield field, f"{text}: {name} is neither a counter nor in a report{near}"


def is_counter(name, known):
    return name in known.counters or re.fullmatch(numbered(tuple(known.counters)), name)


@functools.cache
def numbered(counters):
    """Return the pattern of those counters that have a number in their names."""
    return "|".join(re.escape(one).replace("%d", "[0-9]+") for one in counters if "%d" in one)
