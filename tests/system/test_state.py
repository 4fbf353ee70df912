"""State files (mm/replay/state.h), replayed by the twin's program and by the kernel: the same ends."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from system import STATUS, boot
from machine import iso

ELF = Path("build/lowwater.elf")
PROGRAM = "build/host/replay"
SEEDS = Path("tests/host/replay")
DEFAULT_ARMS = ["none", "highatomic-exhaust", "series", "all", "reserve-released", "lists-drained",
                "lowmem-waived"]
HEAD = "lowwater-state 1\nrequest order=0 gfp=0x24280ca comm=app pid=70\n"
# Of reports by a real Linux, and made up: who is killed, a request that nothing can serve, two types in a unit.
KILL = HEAD + """\
zone DMA32 managed=507523 min=1407 low=1906 high=2405
free DMA32 order=0 M=1300
lru DMA32 inactive_anon=106724 active_anon=382032
swap total=63999 free=0
task pid=1 comm=init rss=9000
task pid=70 comm=app rss=1
task pid=71 comm=large rss=900
task pid=72 comm=spared rss=5000 adj=-1000
task pid=73 comm="swapped out" rss=1 swapents=899
"""


def twin(*words, text=None):
    return subprocess.run([PROGRAM, *words], input=text, capture_output=True, text=True, check=False)


def answers(run):
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def kernel(state, args="", patch="none", **options):
    """Boot with a state: a file of SEEDS, or a text."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.state"
        path.write_text(state)
        return boot(scenario="replay", patch=patch, args=args, extra=("-initrd", str(path)),
                    **{"cpus": "3", "mem": "128"} | options)


def seed(name):
    return (SEEDS / f"{name}.state").read_text()


class Twin(unittest.TestCase):
    def test_a_line_for_each_arm(self):
        run = twin(str(SEEDS / "seed_oom.state"))
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual([one["arm"] for one in answers(run)], DEFAULT_ARMS)
        self.assertEqual(answers(run)[0], {
            "arm": "none", "outcome": "oom-kill", "victim": "balloon", "victim_pid": 8473, "zone": None,
            "step": None, "released_pages": 0, "loops": 16, "oom_steps": 1, "why": None})

    def test_arms_that_are_asked_for(self):
        run = twin("-", "--arm", "highatomic-exhaust+highatomic-force,lists-drained", text=KILL)
        self.assertEqual([one["arm"] for one in answers(run)],
                         ["highatomic-exhaust+highatomic-force", "lists-drained"])
        self.assertEqual({one["victim"] for one in answers(run)}, {"swapped out"})

    def test_its_report(self):
        run = twin(str(SEEDS / "seed_oom.state"), "--report", "--arm", "none")
        self.assertIn("\nDMA32: 7*4kB (H) 8*8kB (H) 30*16kB (H) 31*32kB (H) ", run.stdout)
        self.assertIn("\nFree swap  = 8kB\n", run.stdout)
        self.assertEqual(len(answers(run)), 1)

    def test_a_panic_is_an_outcome(self):
        run = twin("-", "--arm", "none", text=KILL.split("task ")[0] + "task pid=70 comm=app rss=1 adj=-1000\n")
        self.assertEqual(run.returncode, 0)
        self.assertEqual((answers(run)[0]["outcome"], answers(run)[0]["why"]),
                         ("panic", "Out of memory and no killable processes..."))

    def refused(self, says, *words, text=None):
        run = twin(*words, text=text)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (2, "", says + "\n"))

    def test_what_cannot_be_read(self):
        self.refused("state: line 3: zone DMA64, expected DMA, DMA32, Normal or Movable", "-",
                     text=HEAD + "zone DMA64\n")
        self.refused("state: no/such/file: cannot be opened", "no/such/file")
        self.refused("replay: no state; expected STATE [--arm A,B,...] [--report]")
        self.refused("replay: --arms; expected STATE [--arm A,B,...] [--report]", "-", "--arms")
        run = twin("-", "--arm", "none,highatomic", text=KILL)
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertTrue(run.stderr.startswith("replay: arm highatomic; expected "), run.stderr)


class Kernel(unittest.TestCase):
    """What it prints is a report as any; its end is the twin's."""

    def same(self, state, patch="none", remedy="none"):
        run = kernel(state, patch=patch, args=f"replay.remedy={remedy}")
        self.assertEqual(run.status, STATUS["finished"], run.console[-2000:])
        said = next(one for one in run.events if one.get("event") == "replay")
        expected = answers(twin("-", "--arm", patch if remedy == "none" else remedy, text=state))[0]
        self.assertEqual({**said, "arm": ""}, {**expected, "event": "replay", "arm": ""})
        return run

    def test_the_first_seed(self):
        run = self.same(seed("seed_oom"))
        self.assertIn("balloon invoked oom-killer: gfp_mask=0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), "
                      "order=0, oom_score_adj=0", run.console)
        self.assertIn("CPU: 0 PID: 8473 Comm: balloon ", run.console)
        self.assertIn("] DMA32: 7*4kB (H) 8*8kB (H) 30*16kB (H) 31*32kB (H) 14*64kB (H) 9*128kB (H) "
                      "2*256kB (H) 2*512kB (H) 4*1024kB (H) 5*2048kB (H) 0*4096kB = 19484kB\n", run.console)
        self.assertIn("AVOIDABLE: 4871 pages of DMA32 held as highatomic;", run.console)
        self.assertEqual(run.console.count("Mem-Info:"), 1)
        self.assertEqual(run.counter("oom_kills"), 1)

    def test_the_first_seed_with_all_patches(self):
        self.assertNotIn("Mem-Info:", self.same(seed("seed_oom"), patch="all").console)

    def test_the_first_seed_with_its_reserve_released(self):
        self.same(seed("seed_oom"), remedy="reserve-released")

    def test_the_second_seed(self):
        """DMA has not as many units as it has types: U, M and E share one."""
        run = self.same(seed("seed_failure"))
        self.assertIn("in:imklog: page allocation failure: order:0, mode:0x2280020(GFP_ATOMIC|__GFP_NOTRACK)",
                      run.console)
        self.assertIn("] DMA: 7*4kB (UE) 3*8kB (UH) 1*16kB (M) 0*32kB 2*64kB (U) 1*128kB (M) 1*256kB (U) "
                      "0*512kB 1*1024kB (U) 1*2048kB (U) 1*4096kB (H) = 7748kB\n", run.console)

    def test_the_worst_task(self):
        run = self.same(KILL)
        self.assertIn("[   71]     0    71      900      900       0       0        0             0 large\n",
                      run.console)
        self.assertIn("Killed process 73 (swapped out) total-vm:3600kB, anon-rss:4kB,", run.console)

    def test_a_request_for_ever_is_a_lockup(self):
        run = kernel(KILL.replace("gfp=0x24280ca", "gfp=0x2400040"), shift="4", args="watchdog_ms=3000")
        self.assertEqual(run.status, STATUS["lockup"], run.console[-2000:])
        self.assertIn("LOCKUP: app (pid 70) has been asking for memory for ", run.console)

    def test_from_grub(self):
        """A module of Multiboot 2, wherever GRUB has put it."""
        line = "scenario=replay patch=none"
        with tempfile.TemporaryDirectory() as name:
            image = Path(name) / "a.iso"
            config = iso.silent(line).replace("\n}", "\n  module2 /boot/seed_oom.state\n}")
            iso.build(config, ELF, image, files=[SEEDS / "seed_oom.state"])
            run = boot(scenario="replay", cpus="3", mem="128", without=(str(ELF), "scenario="),
                       extra=("-boot", "d", "-cdrom", str(image)))
        self.assertEqual(run.status, STATUS["finished"], run.console[-2000:])
        self.assertIn(", Multiboot 2\n", run.console)
        self.assertIn("replay: remedy none: oom-kill balloon (pid 8473), 16 rounds", run.console)

    def refused(self, says, state=None, **options):
        run = kernel(state, **options) if state is not None else boot(scenario="replay", mem="64")
        self.assertEqual((run.status, run.error_line()), (STATUS["refused"], "lowwater: " + says))

    def test_machines_and_files_that_do_not_do(self):
        self.refused("machine: no state file; expected one with the image (QEMU: -initrd FILE)")
        self.refused("state: line 1: lowwater, expected lowwater-state 1 first", "lowwater\n")
        self.refused("machine: 1 CPUs; expected 3 or more, of which the state has lists", seed("seed_oom"),
                     cpus="1")
        self.refused("machine: pageblock_order=9; expected the state's, 10", seed("seed_oom"),
                     args="pageblock_order=9")
        self.refused("machine: zone Normal has 0 whole free blocks of 4 MiB; expected 1, which the state "
                     "needs there", KILL + "zone Normal managed=9 min=0 low=0 high=0\nfree Normal order=0 U=1\n")
        self.refused("bad parameter: replay.remedy=x; expected none, reserve-released, lists-drained or "
                     "lowmem-waived", KILL, args="replay.remedy=x")


if __name__ == "__main__":
    unittest.main()
