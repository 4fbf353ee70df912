"""Disks at work on the real emulator: what is read is what was written, the log is the same however busy
the host is, every request for memory on the way is Linux 4.8's, and errors and silence are said.

From the repository's root, with the kernel built.
"""
import collections
import contextlib
import io
import json
import socket
import struct
import subprocess
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import lowwater
import system
from machine import slots

BOTH = "disk=16 disk=16:legacy card=16"
BUSY = ["/usr/bin/python3", "-c", "while True: pass"]

# (order, mask) of a request for pages, by the CPUs where that matters: devices.md §12.4 of the facts, §31, §34.
CHUNK = (4, 0x24092c0)  # §34.1: requests of all tags, NOWARN|NORETRY|ZERO, 7 in 64 KiB
RING = (1, 0x24082c0)   # §35.8: a modern ring of 256 entries, NOWARN|ZERO
HEAD = (3, 0x2152c0)    # §41.2 item 16: the first request for its kmalloc-8192
POOL = {(0, 0x24000c0), (2, 0x240c0c0), (4, 0x240c0c0)}  # the workload's own: its pages; §31.8, its two arrays
BIO = (0, 0x2211280)    # §34.1, of kmalloc-256
VECTORS = {"1": {(0, 0x2211280), (1, 0x2215280), (2, 0x2215280), (3, 0x2215280)},  # §41.1: kmalloc-256 to 4096
           "2": {(0, 0x2211280), (2, 0x2215280), (3, 0x2215280)},
           "4": {(0, 0x2211280), (2, 0x2215280), (3, 0x2215280)}}
TABLES = {"1": {(0, 0x2281220), (1, 0x2285220), (2, 0x2285220), (3, 0x2285220)},  # §40.4: kmalloc-64 to 4096
          "2": {(0, 0x2281220), (1, 0x2285220), (2, 0x2285220), (3, 0x2285220)},
          "4": {(0, 0x2281220), (1, 0x2285220), (2, 0x2285220), (3, 0x2285220)}}
ATOMIC = "gfp:0x80000"  # the requests that are refused on purpose: of GFP_ATOMIC, of which tables are

FAILING = ("driver=blkdebug,file.image.driver=null-co,file.image.size=64M,file.image.read-zeroes=on,"
           "file.inject-error.0.event=none,file.inject-error.0.iotype=read,file.inject-error.0.errno=5,"
           "file.inject-error.0.sector=4096")


def disk(**options):
    return system.boot(scenario="disk", **{"mem": "64", "devices": "disk=64"} | options)


def right(test, run, disks=1):
    """The run ended, and not a page of it was wrong."""
    test.assertEqual(run.status, system.STATUS["finished"], run.console[-600:])
    test.assertEqual([run.counter(name) for name in ("disks", "disk_pages_wrong", "disk_errors")], [disks, 0, 0])
    test.assertGreater(run.counter("disk_pages_read"), 0)


class Work(unittest.TestCase):
    def test_both_disks_both_transports_both_interrupts(self):
        for mode, cpus, msix in (("exact", "1", 1), ("exact", "2", 1), ("exact", "4", 1), ("exact", "2", 0),
                                 ("fast", "2", 1), ("fast", "1", 0)):
            with self.subTest(mode=mode, cpus=cpus, msix=msix):
                run = disk(devices=BOTH, mode=mode, cpus=cpus,
                           args=f"disk.requests=30 disk.pages=60 msix={msix}")
                right(self, run, 3)
                self.assertEqual(run.counter("virtio_messages"), 4 * msix)

    def test_a_transport_by_force(self):
        for name in ("legacy", "modern"):
            right(self, disk(args=f"virtio={name} disk.requests=20 disk.pages=60"))

    def test_ten_thousand_requests_with_interrupts_as_they_come(self):
        """Of 1 to 254 pieces."""
        run = disk(mem="128", mode="fast", cpus="2", args="disk.requests=10000 disk.together=16")
        right(self, run)
        self.assertGreater(run.counter("disk_pages_read") + run.counter("disk_pages_written"), 10 ** 6)
        self.assertEqual(run.counter("virtio_tables"), 10001)

    def test_a_patterned_disk_is_what_the_runner_wrote(self):
        run = disk(devices="disk=8:pattern:ro", args="disk.patterned=1 disk.pages=60 disk.requests=40")
        right(self, run)
        self.assertEqual(run.counter("disk_pages_written"), 0)
        wrong = disk(devices="disk=8:ro", args="disk.patterned=1 disk.pages=8 disk.requests=4")
        self.assertEqual(wrong.counter("disk_pages_wrong"), wrong.counter("disk_pages_read"))

    def test_a_machine_without_one_is_refused(self):
        run = disk(devices="none")
        self.assertEqual(run.status, system.STATUS["refused"])
        self.assertEqual(run.error_line(), 'lowwater: machine: no disk; expected one at least '
                                           '(DEVICES="disk=64 card=32")')


class Exact(unittest.TestCase):
    def test_a_busy_host_changes_nothing(self):
        """2,000 requests, five runs beside each other and a busy loop."""
        loop = subprocess.Popen(BUSY)
        try:
            self.alike("2", 5)
        finally:
            loop.kill()
            loop.wait()

    def test_nor_does_the_next_run(self):
        self.alike("1", 2)

    def test_nor_on_four_cpus_but_for_a_slip_of_qemus(self):
        """On a busy host one log in eighty is another (README): of three runs two are alike."""
        self.alike("4", 3, slips=1)

    def test_nor_do_slow_cpus(self):
        """To two that are busy it matters when QEMU's kick comes: so many microseconds are few instructions."""
        runs = [system.boot(scenario="swapstorm", cpus="2", shift="8", mem="32", devices="disk=32 card=32", again=turn,
                            args="swap=card:16380:5,vda:16380:5 swapstorm.rounds=1") for turn in range(2)]
        self.assertEqual(runs[0].status, system.STATUS["finished"], runs[0].console[-600:])
        self.assertEqual(runs[0].console, runs[1].console)

    def alike(self, cpus, times, slips=0):
        with ThreadPoolExecutor(times) as pool:
            runs = list(pool.map(lambda turn: disk(cpus=cpus, args="disk.pages=2 disk.requests=2000", again=turn),
                                 range(times)))
        for run in runs:
            right(self, run)
        (_, most), = collections.Counter(run.console for run in runs).most_common(1)
        self.assertGreaterEqual(most, times - slips)

    def test_a_latency_is_what_it_is_said_to_be(self):
        """One page at a time: each takes what is modelled, and the seed may draw more."""
        one = "disk.pages=1 disk.together=1 disk.requests=50"
        plain, slow, pages, drawn, other = (
            disk(args=f"{one} {more}", seed=seed) for more, seed in (
                ("", "1"), ("disk.latency_us=1100", "1"), ("disk.us_per_page=508", "1"),
                ("disk.jitter_us=500", "1"), ("disk.jitter_us=500", "2")))
        times = [self.end(run) for run in (plain, slow, pages, drawn, other)]
        self.assertAlmostEqual((times[1] - times[0]) / 51, 1e6, delta=5e4)
        self.assertAlmostEqual((times[2] - times[0]) / 51, 5e5, delta=5e4)
        self.assertTrue(times[0] + 51 * 1e5 < times[3] < times[0] + 51 * 5e5)
        self.assertNotEqual(times[3], times[4])

    @staticmethod
    def end(run):
        """Nanoseconds from boot to the scenario's end."""
        return [event["ns"] for event in run.events if "ns" in event][-1]


class Memory(unittest.TestCase):
    """Requests for pages, by trace_page_alloc=1: those that Linux 4.8 makes there, and refusals."""

    def requests(self, cpus):
        """Return the (order, mask)s of the boot, and those behind it."""
        run = disk(mem="128", cpus=cpus, args="trace=on trace_page_alloc=1 disk.requests=40")
        right(self, run)
        start = next(n for n, event in enumerate(run.events) if event.get("event") == "start")
        return [[(event["args"]["order"], event["args"]["gfp_flags"]) for event in part
                 if event.get("event") == "trace" and event["name"] == "mm_page_alloc"]
                for part in (run.events[:start], run.events[start:])]

    def test_of_a_disk_and_of_its_requests(self):
        for cpus in ("1", "2", "4"):
            with self.subTest(cpus=cpus):
                boot, work = self.requests(cpus)
                self.assertEqual(boot.count(CHUNK), 37)
                self.assertTrue({RING, HEAD} <= set(boot))
                self.assertLessEqual(set(work), POOL | {BIO} | VECTORS[cpus] | TABLES[cpus])
                self.assertTrue(set(work) & TABLES[cpus])
                self.assertTrue(set(work) & {one for one in VECTORS[cpus] if one[0] > 0})

    def test_pages_refused_to_tables(self):
        """Slabs that are there serve until they are full; then the ring itself takes the descriptors."""
        run = disk(mem="128", args="disk.requests=100 fail_page_alloc="
                                   f"ignore-gfp-wait:1,min-order:0,interval:1,times:-1,{ATOMIC}")
        right(self, run)
        self.assertGreater(run.counter("virtio_tables_refused"), 10)
        self.assertRegex(run.console, r"order:\d, mode:0x228[04]020\(GFP_ATOMIC")

    def test_tables_refused(self):
        """Every one, every third one: rings are full, and disks wait for room."""
        for cpus, mode, interval in (("1", "exact", 1), ("2", "exact", 3), ("2", "fast", 3)):
            with self.subTest(cpus=cpus, mode=mode, interval=interval):
                run = disk(mem="128", cpus=cpus, mode=mode, args="disk.requests=100 failslab="
                                                                 f"interval:{interval},times:-1,{ATOMIC}")
                right(self, run)
                tables, refused = run.counter("virtio_tables"), run.counter("virtio_tables_refused")
                self.assertEqual(tables + refused, 101)
                self.assertEqual(tables == 0, interval == 1)
                self.assertGreater(run.counter("virtio_rings_full"), 0)


class Failing(unittest.TestCase):
    def test_an_error_is_its_bios(self):
        for mode in ("exact", "fast"):
            with self.subTest(mode=mode):
                run = disk(mem="128", devices="none", mode=mode, extra=self.drive(FAILING),
                           args="disk.writes=0 disk.requests=100")
                self.assertEqual(run.status, system.STATUS["finished"])
                self.assertEqual((run.counter("disk_errno"), run.counter("disk_pages_wrong")), (5, 0))
                self.assertGreater(run.counter("disk_pages_read"), 0)
                self.assertLess(run.counter("disk_errors"), 20)

    def test_a_disk_that_never_answers_is_named(self):
        """Its host is a server that says how large it is, and then nothing: QEMU itself cannot be stopped."""
        def silent(one, number, file):
            argv = ours(one, number, file)
            argv[1] = (f"id=disk{number},if=none,format=raw,file.driver=nbd,file.server.type=unix,"
                       f"file.server.path={place}/server")
            argv[3] += ",cyls=16,heads=16,secs=63"  # else QEMU would guess them, from what it reads
            return argv

        ours = slots.disk
        for seconds in ("3", "30"):  # a host that is slow has not come to the first request in so short a time
            with tempfile.TemporaryDirectory() as place, mute_server(Path(place, "server")), \
                    mock.patch.object(slots, "disk", silent), \
                    contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                code = lowwater.main(["run", "--results", place, "--scenario", "disk", "--patch", "none",
                                      "--devices", "disk=64", "--cpus", "2", "--timeout", seconds])
                folder = system.newest(Path(place, "disk"))
                found = json.loads((folder / "result.json").read_text())
                said = (folder / "timeout.txt").read_text()
            if "has not answered" in found["message"]:
                break
        self.assertEqual((code, found["outcome"]), (5, "timeout"))
        self.assertRegex(found["message"], r"^after [\d.]+ s (CPU .*, )?vda has not answered 1 of queue 0; more in ")
        self.assertRegex(said, r"(?s)== vda ring 0\n.*avail:\n +flags: \d+\n +idx: +1\n.*used:\n +flags: \d+\n +idx: +0\n")

    @staticmethod
    def drive(file):
        return ["-drive", f"id=d0,if=none,format=raw,file.{file}", "-device",
                "virtio-blk-pci,drive=d0,ioeventfd=off,num-queues=1,werror=report,rerror=report,addr=0x2"]


@contextlib.contextmanager
def mute_server(path):
    """A server of NBD's first protocol, on a socket; it says a disk's size."""
    def serve():
        with contextlib.suppress(OSError):
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"NBDMAGIC" + struct.pack(">QQI124x", 0x00420281861253, 64 << 20, 1))
                while peer.recv(4096):
                    pass

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


if __name__ == "__main__":
    unittest.main()
