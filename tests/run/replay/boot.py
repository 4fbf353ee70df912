"""A state's request made again in QEMU, as scenario replay: one run an arm, with all that a run leaves."""
import re
from concurrent.futures import ThreadPoolExecutor

from campaign import arms, runner
from options import UserError, jobs, make_spec, need_elf
from replay import engine

OPTIONS = {"scenario": "replay", "shift": "", "seed": "1", "sched": "0", "mode": "exact", "devices": "",
           "boot": "kernel", "build": "release", "timeout": "60"}
AT_A_TIME = 2
UNIT = 1024  # pages: what a free block of the largest order has
SPARE_MIB, LEAST_MIB, NORMAL_MIB = 64, 128, 4096  # Normal begins above 4 GiB


def ask(path, asked, build_dir):
    """Return the Answer of each arm and remedy to the state in a file."""
    need = machine(path.read_text(encoding="utf-8", errors="replace"))
    specs = [spec(path, arm, need, build_dir) for arm in asked]
    need_elf(specs[0].elf)
    with ThreadPoolExecutor(jobs("", AT_A_TIME)) as pool:
        return list(pool.map(answer, asked, specs))


def machine(text):
    """Return {option: text} of a machine that a state fits into."""
    pages = {}
    for zone, order, counts in re.findall(r"^free (\w+) order=(\d+)((?: \w=\d+)*)", text, re.M):
        blocks = sum(int(word.split("=")[1]) for word in counts.split())
        pages[zone] = pages.get(zone, 0) + (2 * blocks << min(int(order), 10)) + 3 * UNIT
    mib = {zone: count // 256 for zone, count in pages.items()}
    low = max(LEAST_MIB, mib.get("DMA32", 0) + SPARE_MIB)
    high = NORMAL_MIB + mib["Normal"] + SPARE_MIB if mib.get("Normal") else 0
    cpus = max([1, *(int(cpu) + 1 for cpu in re.findall(r"^pcp \w+.*?cpu=(\d+)", text, re.M))])
    block = re.search(r"^pageblock_order (\d+)", text, re.M)
    return {"mem": str(max(low, high)), "cpus": str(min(cpus, 8)), "order": block[1] if block else "10"}


def spec(path, arm, need, build_dir):
    """Return the settled run of an arm, or of a remedy in the arm without patches."""
    remedy = arm if arm in engine.REMEDIES else "none"
    args = f"pageblock_order={need['order']} replay.remedy={remedy}"
    found = make_spec(OPTIONS | {
        "patch": "none" if remedy == arm else arm, "args": args, "mem": need["mem"], "cpus": need["cpus"],
        "state": str(path), "results": str(build_dir / "results"), "build_dir": str(build_dir)})
    return arms.settle(found, arms.load(found))


class Quiet:
    """Tells nothing of a run's progress: a row of the table does."""

    def __init__(self, *_):
        pass

    def tick(self, _seconds):
        """Nothing to tell."""

    def finish(self, *_):
        """Nothing to tell."""


def answer(arm, one):
    """Do one run; return what became of the request."""
    found = runner.run(one, None, Quiet)
    told = found.get("replay")
    if told:
        return engine.answer(told | {"arm": arm})
    if found["outcome"] == "lockup":
        return engine.Answer(arm, "stuck", None, None, None, 0, 0, found["message"])
    if found["outcome"] == "panic":
        return engine.Answer(arm, "panic", None, None, None, 0, 0, found["message"])
    raise UserError(f"{one.folder}: {found['outcome']}: {found['message']}")
