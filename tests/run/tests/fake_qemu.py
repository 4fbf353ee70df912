#!/usr/bin/python3 -IS
"""A stand-in for the emulator in the runner's own tests; it emulates nothing.

Writes the console and the events that the scenario named on the kernel line stands for, then
exits with the status QEMU would have had. Set LOWWATER_QEMU to this file. FAKE_TCG and FAKE_KVM
are the seconds that a run takes under each accelerator; FAKE_MEET is a folder in which it waits for
a second one. The scenario inflate asks for a balloon's target of FAKE_TARGET MiB and waits for it; FAKE_QMP
is how its monitor misbehaves.

It is started some hundred times: the modules json and pathlib alone would take longer than all it does.
"""
import os
import sys
import time
from _json import encode_basestring_ascii as quoted

DATA = os.path.join(os.path.dirname(__file__), "data")
STUCK = {"event": "arm", "scenario": "stuck", "group": "test", "source": "oom-reaper", "mem": 96,
         "shift": 4, "every": "watchdog_ms=3000 stuck.apps=1", "outcome": "lockup"}
ARMS = (
    {"event": "arm", "scenario": "spike", "group": "study", "source": "highatomic",
     "patch": "none", "outcome": "oom-killed",
     "checks": ["highatomic_released_pages == 0",
                "zones.DMA32.free_by_type.H >= 2 * zones.DMA32.min"],
     "args": "spike.apps=2", "help": "many apps, one peak",
     "showed": "{preferred.free_by_type.H} pages of {preferred.name} kept for (H)"},
    {"event": "arm", "scenario": "spike", "group": "study", "patch": "a,b",
     "outcome": "completed", "checks": [], "args": "", "help": "many apps, one peak"},
    {"event": "arm", "scenario": "boottest", "group": "test", "patch": "none",
     "outcome": "completed", "checks": [], "args": "", "help": "the allocator's tests"},
    STUCK | {"patch": "none", "args": "watchdog_ms=3000 stuck.apps=1",
             "checks": ["oom_kills == 1", "stuck_ms > 3000"],
             "showed": "stuck for {stuck_ms // 1000} s: {oom_kills == 1}"},
    STUCK | {"patch": "x", "args": "watchdog_ms=3000 stuck.apps=2", "checks": ["stuck_ms == 0"],
             "showed": "never stuck"},
    STUCK | {"patch": "y", "args": "", "checks": [], "showed": "{stuck_s} s"},
)
SAMPLE = {"event": "sample", "name": "victim_rss", "pid": 7}
OOM = {"event": "oom", "pid": 7}
BY_TYPE = {"DMA": {"U": 1, "M": 2, "E": 1, "H": 1024}, "DMA32": {"U": 0, "M": 0, "E": 0, "H": 2072}}
STATUS = {"typo": 37, "panic": 39, "lockup": 41, "stuck": 41, "odd": 1}
LINES = {"typo": "[    0.000123] lowwater: bad parameter: scenario=typo: nearest is spike\n",
         "panic": "[    0.000200] Kernel panic - not syncing: test\n",
         "hang": "[    1.000000] the last line\n",
         "stuck": "[    9.000000] LOCKUP: task 7 waits\n",
         "lockup": "[    9.000000] LOCKUP: task 3 blocked\n"}


def main():
    argv = sys.argv[1:]
    if argv == ["--version"]:
        print("fake emulator version 1")
        return 0
    time.sleep(float(os.environ.get(f"FAKE_{value(argv, '-accel')[:3].upper()}", "0")))
    meet(os.environ.get("FAKE_MEET"))
    console = value(argv, "-serial").removeprefix("file:")
    events = value(argv, "-chardev").split("path=")[1].replace(",,", ",")
    words = dict(word.split("=", 1) for word in value(argv, "-append").split())
    scenario, patch = words["scenario"], words["patch"]
    with open(console, "w", encoding="utf-8") as log, open(events, "w", encoding="utf-8") as out:
        if scenario == "list":
            send(out, *ARMS)
        elif scenario == "spike":
            spike(log, out, patch)
        elif scenario == "stuck":
            log.write(LINES["stuck"])
            stuck(out)
        elif scenario == "inflate":
            inflate(log, out, argv)
        elif scenario == "dice":
            return dice(log, out, int(words["seed"]))
        else:
            log.write(LINES.get(scenario, ""))
    if scenario == "hang":
        time.sleep(600)
    return STATUS.get(scenario, 33)


def meet(folder):
    if folder:
        with open(os.path.join(folder, str(os.getpid())), "w", encoding="utf-8"):
            pass
        while len(os.listdir(folder)) < 2:
            time.sleep(0.01)


def value(argv, option):
    return argv[argv.index(option) + 1]


def send(out, *items):
    out.writelines(as_json(item) + "\n" for item in items)


def as_json(one):
    if isinstance(one, dict):
        return "{" + ", ".join(f"{quoted(name)}: {as_json(value)}" for name, value in one.items()) + "}"
    if isinstance(one, list):
        return "[" + ", ".join(map(as_json, one)) + "]"
    return quoted(one) if isinstance(one, str) else str(one)


def stuck(out):
    send(out, OOM | {"what": "killed", "ns": 100, "score": 9}, SAMPLE | {"ns": 110, "value": 4000},
         {"event": "sample", "name": "victim_rss"}, SAMPLE | {"ns": 120, "value": "many"},
         {"event": "oom", "what": "", "pid": 7, "ns": 130}, {"event": "oom", "what": "exited"},
         SAMPLE | {"ns": 140, "value": 0}, SAMPLE | {"name": "free", "ns": 150, "value": 12},
         OOM | {"what": "reaped", "ns": 160},
         {"event": "counter", "name": "oom_kills", "value": 1},
         {"event": "counter", "name": "stuck_ms", "value": 3500},
         {"event": "end", "code": 4, "insns": 1000, "ns": 16000})


def inflate(log, out, argv):
    """Stand still until the monitor has set the target that was asked for, twice."""
    import socket  # pylint: disable=import-outside-toplevel
    [path] = [word.split("path=")[1].split(",")[0] for word in argv if word.startswith("socket,id=qmp")]
    manner = os.environ.get("FAKE_QMP", "")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        for more in (0, 1):
            send(out, {"event": "counter", "name": "balloon", "value": 3})
            out.write('{"event":"balloon","targ')
            out.flush()
            out.write('et_mib":%d}\n' % (int(os.environ["FAKE_TARGET"]) + more))
            out.flush()
            with server.accept()[0] as sock, sock.makefile("rw", encoding="utf-8") as lines:
                if manner == "gone":
                    return
                answer(lines, log, manner)


def answer(lines, log, manner):
    """Greet, and answer what is asked until the other one leaves."""
    say = {"garbage": "?", "list": "[1]", "rude": '{"event": "STOP"}'}.get(manner, '{"QMP": {"version": {}}}')
    lines.write(say + "\n")
    lines.flush()
    for line in lines:
        log.write(line)
        if "balloon" in line and manner == "refuse":
            lines.write('{"error": {"class": "GenericError", "desc": "No balloon device"}}\n')
        else:
            lines.write('{"event": "BALLOON_CHANGE"}\n{"return": {}}\n')
        lines.flush()
    if manner:
        time.sleep(600)  # the guest stands still


def dice(log, out, seed):
    """Even seeds complete, odd ones panic, multiples of 5 are refused."""
    send(out, {"event": "counter", "name": "oom_kills", "value": 0},
         {"event": "end", "code": 0, "insns": 1000 + seed, "ns": 1000})
    if seed % 5 == 0:
        log.write(f"[    0.000100] lowwater: bad parameter: seed={seed}\n")
        return STATUS["typo"]
    if seed % 2:
        log.write(f"[    0.000200] Kernel panic - not syncing: DMA32 at 0x{seed}f, pid {seed}\n")
        return STATUS["panic"]
    return 33


def spike(log, out, patch):
    kills = patch == "none"
    send(out, {"event": "start", "scenario": "spike", "patches": [], "insns": 1000, "ns": 1000})
    if kills:
        with open(os.path.join(DATA, "clean_oom.txt"), encoding="utf-8") as text:
            log.write(text.read())
        zones = {name: {"free_by_type": pages, "reserved_highatomic": 1024}
                 for name, pages in BY_TYPE.items()}
        send(out, {"event": "report", "n": 1, "kind": "oom", "zones": zones})
    send(out, {"event": "counter", "name": "oom_kills", "value": int(kills)},
         {"event": "counter", "name": "highatomic_released_pages", "value": 0},
         {"event": "ktap", "text": "unknown to the runner"},
         {"event": "end", "code": 0, "insns": 2345678, "ns": 2345678})
    out.write('{"event":"cou')


sys.exit(main())
