"""A machine with disks, a balloon and a memory card, on the real emulator: it takes their options, a boot
among them is the same each time, and its monitor sets a balloon's target.

From the repository's root, with the kernel built.
"""
import json
import tempfile
import time
import unittest
from pathlib import Path

import system
from machine import balloon, disks, qemu, qmp, rings
from options import UserError

ALL = "disk=64:pattern card=16 balloon"
PATIENCE = 60  # seconds, with much else to do


def answers(path):
    """Is the monitor there by now?"""
    try:
        return "status" in qmp.once(path, "query-status")
    except qmp.Ended:
        return False


def until(condition):
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass")


class Boots(unittest.TestCase):
    def test_the_same_log_twice(self):
        for cpus in ("1", "2"):
            first, second = system.repeated(cpus=cpus, devices=ALL)
            self.assertEqual(first.status, system.STATUS["finished"], first.console[-300:])
            self.assertEqual(first.console, second.console)

    def test_every_transport_as_many_as_there_is_room_for(self):
        for devices in ("disk=1:legacy " * 8 + "balloon:legacy card=1",
                        "disk=1:modern:ro " * 8 + "balloon=deflate:modern card=4096"):
            boot = system.boot(devices=devices)
            self.assertEqual(boot.status, system.STATUS["finished"], devices)

    def test_a_balloon_gives_before_a_kill(self):
        """The app that needs pages takes what it needs, and not all that comes back, on several CPUs, too."""
        for cpus in ("1", "2"):
            with self.subTest(cpus=cpus):
                study = system.study("ballooning", "none", "--cpus", cpus)
                self.assertEqual(study.code, 0, study.shown[-600:])
                self.assertEqual(study.result["counters"]["balloon_given"], 1024)

    def test_a_run_by_the_runner(self):
        study = system.study("info", "none", "--mem", "64", "--devices", ALL)
        self.assertEqual((study.code, study.result["devices"]), (0, "disk=64:pattern balloon card=16"))
        self.assertEqual(list(study.folder.glob("*.img")), [])


class Machine(unittest.TestCase):
    """A machine that stands at its reset."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = Path(place.name)
        self.events = self.folder / "asked.jsonl"
        self.spec = system.settled(results=place.name, devices="disk=1 balloon")

    def machine(self, host, late):
        """Have it for as long as late(socket) takes."""
        argv = qemu.command(self.spec, "", self.folder / "console.log", self.folder / "events")
        with disks.made(self.spec, self.folder):
            return qemu.run([*argv, "-S", *host.arguments], self.folder / "qemu.log", 0.01,
                            late=lambda: late(host.socket))

    def test_the_monitor_sets_the_target(self):
        asked = []

        def once(path, command, **arguments):
            found = ours(path, command, **arguments)
            if command == "balloon":
                asked.append((arguments, found))
            return found

        def late(path):
            until(lambda: answers(path))
            self.events.write_text('{"event":"balloon","target_mib":48}\n{"event":"balloon","target_mib":64}\n')
            until(lambda: len(asked) == 2)

        ours, qmp.once = qmp.once, once
        self.addCleanup(setattr, qmp, "once", ours)
        with balloon.host(self.spec, self.events) as host:
            self.machine(host, late)
        self.assertEqual(asked, [({"value": 48 << 20}, {}), ({"value": 64 << 20}, {})])

    def test_what_it_refuses_is_one_line(self):
        def late(path):
            until(lambda: answers(path))
            self.events.write_text('{"event":"balloon","target_mib":0}\n')
            until(lambda: host.error)

        with self.assertRaisesRegex(UserError, r"^QEMU refused balloon: [^\n]+$"):
            with balloon.host(self.spec, self.events) as host:
                self.machine(host, late)

    def test_the_rings_can_be_asked_for(self):
        said = {}

        def late(path):
            until(lambda: answers(path))
            for heading, question in rings.questions(self.spec):
                words = question
                said[heading] = qmp.once(path, "human-monitor-command", **{"command-line": words})

        with balloon.host(self.spec, self.events) as host:
            self.machine(host, late)
        self.assertEqual(list(said), ["vda", "vda queue 0", "vda ring 0", "balloon0", "balloon0 queue 0",
                                      "balloon0 ring 0", "balloon0 queue 1", "balloon0 ring 1"])
        self.assertRegex(said["vda"], r"device_name: +virtio-blk")
        self.assertRegex(said["balloon0 queue 1"], r"queue_index: +1")


class ByHand(unittest.TestCase):
    """A guest that is at work, and somebody at its monitor."""

    DEVICE = "/machine/peripheral/balloon0"

    def test_a_target_and_statistics(self):
        found = {}

        def monitor(path, line):
            return qmp.once(path, "human-monitor-command", **{"command-line": line})

        def stats(path):
            found.update(json.loads(monitor(path, f"qom-get {self.DEVICE} guest-stats"))["stats"])
            return found["stat-total-memory"] != 2 ** 64 - 1

        def late(path):
            until(lambda: answers(path))
            monitor(path, f"qom-set {self.DEVICE} guest-stats-polling-interval 1")
            until(lambda: stats(path))
            qmp.once(path, "balloon", value=48 << 20)
            until(lambda: qmp.once(path, "query-balloon")["actual"] == 48 << 20)

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            spec = system.settled(results=name, scenario="keys", mode="fast", cpus="2", devices="balloon")
            argv = qemu.command(spec, qemu.kernel_line(spec), folder / "console.log", folder / "events")
            with balloon.host(spec, folder / "events") as host:
                qemu.run([*argv, *host.arguments], folder / "qemu.log", 1, late=lambda: late(host.socket))
            console = system.read(folder / "console.log")
        self.assertIn("virtio_balloon virtio0: 256 pages a step, stays full in need", console)
        self.assertNotIn("broken", console)
        self.assertTrue(48 << 20 < found["stat-available-memory"] < found["stat-free-memory"]
                        < found["stat-total-memory"] < 64 << 20, found)
        self.assertGreater(found["stat-minor-faults"], 0)


if __name__ == "__main__":
    unittest.main()
