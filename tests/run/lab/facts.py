"""What a run is: its options, where it comes from, and the command for it."""
import shlex

from results import outcome, table

SAMPLES, MAP, BOTH = "sample_us=4000", "map_us=4000", "MAP=1"  # the last one is make's
PICTURES = ("sample_us", "map_us")
UNKNOWN = "not recorded"


def rows(result):
    """Return [name, value] pairs: how it ended, what was asked for, where it comes from."""
    versions = result.get("toolchain") or {}
    return [
        ["Outcome", f"{result['outcome']} ({expected(result)})"],
        ["It showed", table.text(result.get("showed"))],
        ["Patches", ", ".join(result.get("patches") or []) or "none (Linux 4.8)"],
        ["Rules for killing", f"Linux {result.get('rules') or table.OWN_RULES}"],
        ["Machine", f"{result.get('mem_mib')} MiB, CPUs: {result.get('cpus')}, "
                    f"devices: {result.get('devices')}"],
        ["Time", clock(result)],
        ["Seeds", f"SEED={result.get('seed')} SCHED={result.get('sched')}"],
        ["Parameters", parameters(result)],
        ["Instructions", number(result["instructions"].get("total"))],
        ["Revision", revision(result.get("revision"))],
        ["Compiler", versions.get("compiler") or UNKNOWN],
        ["Linker", versions.get("linker") or UNKNOWN],
        ["Emulator", result.get("qemu_version") or UNKNOWN],
        ["Build", f"{result.get('build')}, id {result.get('build_id') or UNKNOWN}"],
        ["sha256 of the image", result.get("image_sha256") or UNKNOWN],
        ["sha256 of the log", result.get("console_sha256") or UNKNOWN],
        ["To have it again", command(result)],
    ]


def expected(result):
    said = {"ok": "as declared", "FAIL": "NOT as declared", "-": "nothing is declared"}
    return said[outcome.verdict(result)]


def parameters(result):
    said = filter(None, (result.get("declared_args"), result.get("args")))
    return " ".join(said) or "none"


def clock(result):
    if result.get("mode") != "exact":
        return f"of the host, under {result.get('accel')}"
    end = seconds(result.get("virtual_ns"))
    return f"exact: {1 << result['shift']} ns an instruction; {end} in all"


def seconds(ns):
    return UNKNOWN if ns is None else f"{ns / 1e9:.6f} s"


def number(value):
    return "not counted" if value is None else f"{value:,}"


def revision(found):
    if not found or not found.get("commit"):
        return UNKNOWN
    state = {True: "the tree was clean", False: "with changes that are not in it"}
    return f"{found['commit']}, {state.get(found.get('clean'), 'clean or not is not known')}"


def command(result, extra=""):
    """Return the command that repeats a run; extra: SAMPLES, MAP or BOTH, so that it has pictures as well."""
    words = shlex.split(result["command"]) if result.get("command") else guessed(result)
    if not extra:
        return shlex.join(words)
    rest = [word for word in words if not word.startswith("ARGS=")]
    args = " ".join(word.removeprefix("ARGS=") for word in words if word.startswith("ARGS=")).split()
    left = PICTURES if extra == BOTH else (extra.split("=")[0],)
    args = [word for word in args if word.split("=")[0] not in left] + [extra] * (extra != BOTH)
    return shlex.join(rest + ([f"ARGS={' '.join(args)}"] if args else []) + [BOTH] * (extra == BOTH))


def guessed(result):
    """The words for a result that is older than its field `command`."""
    words = ["make", "run", f"SCENARIO={result['scenario']}",
             f"PATCH={result['arm'].replace('+', ',')}"]
    for name in ("mem", "cpus", "shift", "seed", "sched", "mode", "build", "devices", "args"):
        value = result.get("mem_mib" if name == "mem" else name)
        if value not in (None, ""):
            words.append(f"{name.upper()}={value}")
    return words
