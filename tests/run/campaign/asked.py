"""What a user asked for, held against what the kernel tells of itself, before anything is booted.

A typo never runs the wrong experiment: names that nobody knows are refused with the nearest, and so are
knobs of another scenario and machines on which an arm does not hold. An arm speaks for the run that it
declares and for no other: a parameter that it does not declare leaves it unjudged.
"""
import dataclasses

import devices
from campaign import arms
from machine import qemu
from nearest import hint
from options import MAX_LINE, UserError

OBSERVE = ("trace", "outside", "sample_us", "map_us")  # change nothing of what happens
KEYS_THAT_TELL = "htdm"  # of sysrq=
LIST = "list"  # the scenario that lists all


class Faulty(UserError):
    """A scenario's declaration has a mistake."""


class Outside(UserError):
    """An arm does not hold on the machine that was asked for."""


def settle(spec, known):
    """Return the settled spec and the arm that it is judged by, or None; raise UserError."""
    check_scenario(spec, known)
    spec = dataclasses.replace(spec, patch=patch_name(spec.scenario, spec.patch, known))
    given = check_words(spec, known)
    arm = arms.find(known, spec.scenario, spec.patch)
    spec = arms.settle(spec, known)
    check_length(spec)
    changed = changes(spec, arm, given, known)
    if given.get("outside") != "1":
        check_machine(spec, arm)
    why = changed if arm else "no arm has this PATCH" if spec.scenario in known.scenarios else ""
    return (dataclasses.replace(spec, undeclared=f"not declared: {why}" if why else ""),
            None if changed else arm)


def check_scenario(spec, known):
    if known.scenarios and spec.scenario not in (*known.scenarios, LIST):
        raise UserError(f"SCENARIO={spec.scenario!r}: there is none of that name"
                        f"{hint(spec.scenario, known.scenarios)}; `make list` lists them")
    for line in known.faults.get(spec.scenario, [])[:1]:
        raise Faulty(line)


def patch_name(scenario, patch, known):
    """Return the name of the arm that is about the same set of patches, else the set's own."""
    if not known.patches.names:
        return patch
    wanted = known.patches.chosen(patch)
    same = [arm.patch for arm in known
            if arm.scenario == scenario and known.patches.chosen(arm.patch) == wanted]
    return [*same, known.patches.name(wanted)][0]


def check_words(spec, known):
    """Return {name: value} of ARGS, all of them known and in their ranges."""
    given = {}
    for word in spec.args.split():
        name, equals, value = word.partition("=")
        if not known.params:
            given[name] = value
            continue
        if not equals:
            raise UserError(f"ARGS word {word!r}: expected name=value")
        if name in given:
            raise UserError(f"ARGS: {name} is given twice; expected once")
        check_name(name, spec.scenario, known)
        check_value(name, value, known.params[name])
        given[name] = value
    return given


def check_name(name, scenario, known):
    owner = name.rpartition(".")[0]
    if name not in known.params:
        near = near_name(name, scenario, known)
        raise UserError(f"ARGS: no parameter is named {name}{near}; `make list` lists a scenario's")
    if not usable(name, scenario, known):
        raise UserError(f"ARGS: {name} is a knob of scenario {owner}; expected one of {scenario}'s, "
                        "which is to run")


def near_name(name, scenario, known):
    """Return the words that offer the nearest name; the scenario's own knob may lack its prefix."""
    own = {one.rpartition(".")[2]: one for one in known.params if one.startswith(f"{scenario}.")}
    if name in own:
        return f"; the nearest is {own[name]}"
    return hint(name, [one for one in known.params if usable(one, scenario, known)])


def usable(name, scenario, known):
    """Is it a kernel parameter, also one of a device that a scenario is named after, or this scenario's knob?"""
    owner = name.rpartition(".")[0]
    return owner == scenario or owner not in known.scenarios or known.params[name].get("kernel", False)


def check_value(name, value, param):
    if "min" not in param:
        return  # a text, which the kernel reads
    try:
        right = param["min"] <= int(value, 0 if "x" in value else 10) <= param["max"]
    except ValueError:
        right = False
    if not right:
        raise UserError(f"ARGS: {name}={value}: expected {param['min']} to {param['max']}: "
                        f"{param['help']}")


def check_length(spec):
    """The kernel would not take such a line."""
    length = len(qemu.kernel_line(spec))
    if length > MAX_LINE:
        room = MAX_LINE - length + len(spec.args)
        raise UserError(f"ARGS: {len(spec.args)} characters; expected at most {room}, with which the "
                        f"kernel's command line has {MAX_LINE}")


def check_machine(spec, arm):
    """On other machines the arm does not hold; the kernel says the same."""
    if not arm:
        return
    for name, has, unit in (("mem", spec.mem, " MiB"), ("cpus", spec.cpus, "")):
        low, high = getattr(arm, f"{name}_hold")
        if high and not low <= has <= high:
            raise Outside(f"{name.upper()}={has}: {spec.scenario} {spec.patch} holds with {low} to "
                          f"{high}{unit} (ARGS=\"outside=1\": it runs all the same, unjudged)")


def changes(spec, arm, given, known):
    """Return the words that make the run another one than its arm declares, as a text."""
    if not arm:
        return ""
    usual = {name: str(one["default"]) for name, one in known.params.items() if "default" in one}
    usual |= dict(word.split("=", 1) for word in arm.args.split() if "=" in word)
    words = [f"{name}={value}" for name, value in given.items()
             if usual.get(name) != value and not observes(name, value)]
    for name, has in (("mem", spec.mem), ("cpus", spec.cpus)):
        low, high = getattr(arm, f"{name}_hold")
        words += [f"{name.upper()}={has}"] if high and not low <= has <= high else []
    words += [f'DEVICES="{spec.devices}"'] if spec.devices != devices.canonical(arm.devices) else []
    return " ".join(words)


def observes(name, value):
    keys = [part.split("@")[0] for part in value.split(",")]
    return name in OBSERVE or name == "sysrq" and all(key in KEYS_THAT_TELL for key in keys)
