"""`list`: scenarios with their machines, knobs and arms; patches; the kernel's parameters."""
import fnmatch
import textwrap

from nearest import hint
from options import UserError

WIDTH = 110


def text(known, pattern="*"):
    """Return what there is: all, or the scenarios of a pattern alone."""
    there = list(dict.fromkeys([*(arm.scenario for arm in known), *known.scenarios]))
    names = [name for name in there if any(fnmatch.fnmatchcase(name, word) for word in pattern.split())]
    if not names:
        raise UserError(f"SCENARIO={pattern!r}: there is none of that name{hint(pattern, there)}; `make list` lists them")
    parts = ["\n".join(scenario(name, known)) for name in names]
    if pattern == "*":
        parts += ["\n".join(part) for part in (patches(known), parameters(known)) if part]
    return "\n\n".join(parts)


def scenario(name, known):
    """Yield a scenario's lines: what it is, its machine, where it holds, its knobs, its arms."""
    arms = [arm for arm in known if arm.scenario == name]
    if not arms:
        yield f"{name}: declares no arm"
    else:
        first = arms[0]
        kind = f"{first.group}, {first.source}" if first.source else first.group
        yield f"{name} ({kind}){': ' + first.help if first.help else ''}"
        if machine(first):
            yield f"  {machine(first)}"
        if holds(first):
            yield f"  holds with {holds(first)}"
    for param in known.params.values():
        if param["name"].rpartition(".")[0] == name:
            yield from parameter(param, "  ")
    for arm in arms:
        yield from arm_lines(arm, arms[0])
    yield from (f"  MISTAKE: {line}" for line in known.faults.get(name, ()))


def machine(arm):
    """Return what a scenario declares besides its arms, as its user would set it."""
    words = [f"MEM={arm.mem}"] if arm.mem else []
    words += [f"CPUS={arm.ncpus}"] if arm.ncpus else []
    words += [f"SHIFT={arm.shift}"] if arm.shift else []
    words += [f'DEVICES="{arm.every_devices}"'] if arm.every_devices else []
    words += [f'ARGS="{arm.every}"'] if arm.every else []
    return " ".join(words)


def holds(arm):
    """Return on which machines an arm holds; nothing where it does not say."""
    return ", ".join(f"{name} {low} to {high}" for name, (low, high) in
                     (("MEM", arm.mem_hold), ("CPUS", arm.cpus_hold)) if high)


def arm_lines(arm, first):
    own = "" if arm.args == arm.every else arm.args
    yield f"  {arm.patch:<40} {arm.outcome:<14} {own}".rstrip()
    if arm.devices != arm.every_devices:
        yield f'      DEVICES="{arm.devices}"'
    if holds(arm) != holds(first):
        yield f"      holds with {holds(arm)}"
    yield from (f"      {check}" for check in arm.checks)
    if arm.showed:
        yield f'      "{arm.showed}"'


def parameter(param, indent):
    value = f"={param['default']} ({param['min']} to {param['max']})" if "min" in param else "=..."
    yield from textwrap.wrap(f"{param['name']}{value}: {param['help']}", WIDTH, initial_indent=indent,
                             subsequent_indent=indent + "    ", break_on_hyphens=False)


def patches(known):
    """Return the lines on the patches."""
    found = ["patches (PATCH=none, all, series, or a list of these):"] if known.patches.names else []
    for one in known.said.get("patches", ()):
        found.append(f"  {one['name']}: {one['title']} ({one['source']})")
        found += [f"      together with {one['needs']}"] if one["needs"] else []
    return found


def parameters(known):
    """Return the lines on what is no scenario's own."""
    plain = [one for name, one in known.params.items()
             if name.rpartition(".")[0] not in known.scenarios]
    found = ["parameters of every scenario (ARGS; of some, make has variables of its own):"] if plain else []
    return found + [line for one in plain for line in parameter(one, "  ")]
