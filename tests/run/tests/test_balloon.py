"""Tests of a balloon's target, which the runner sets when the guest asks for it, and of QEMU's monitor."""
import contextlib
import io
import json
import os
import socket
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from fake_build import FakeBuild
from machine import balloon, facts, qmp, rings, terminal
from options import UserError
from test_parts import settled, spec

GREETING = b'{"QMP": {}}\n'
GOOD = b'{"return": {}}\n'


class Monitor(unittest.TestCase):
    def talk(self, *answers):
        """Return (what ask() returned, the commands that it sent)."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(5)
            theirs.sendall(b"".join(answers))
            theirs.shutdown(socket.SHUT_WR)
            monitor = qmp.Monitor(ours)
            monitor.greet()
            found = monitor.ask("balloon", value=64)
            ours.shutdown(socket.SHUT_WR)
            return found, [json.loads(line) for line in theirs.makefile()]

    def test_events_stand_between_answers(self):
        found, sent = self.talk(GREETING, b'{"event": "X"}\n', GOOD, b'{"event": "Y"}\n', b'{"return": 7}\n')
        self.assertEqual(found, 7)
        self.assertEqual(sent, [{"execute": "qmp_capabilities"}, {"execute": "balloon", "arguments": {"value": 64}}])

    def test_what_is_wrong_is_one_line(self):
        for answers, said in (
                ((GREETING, GOOD, b'{"error": {"desc": "no device"}}\n'), "QEMU refused balloon: no device"),
                ((b'{"return": {}}\n',), "QEMU's monitor: expected its greeting first"),
                ((b"hello\n",), "QEMU's monitor: 'hello' to the greeting: expected a JSON object"),
                ((GREETING, b"[1]\n"), "QEMU's monitor: '[1]' to qmp_capabilities: expected"),
                ((GREETING, b"\xff\n"), "expected a JSON object")):
            with self.subTest(said):
                with self.assertRaises(UserError) as caught:
                    self.talk(*answers)
                self.assertIn(said, str(caught.exception))
                self.assertNotIn("\n", str(caught.exception))

    def test_an_end_is_told_from_a_refusal(self):
        for answers in ((), (GREETING,), (GREETING, GOOD)):
            with self.assertRaises(qmp.Ended):
                self.talk(*answers)
        with self.assertRaises(qmp.Ended):
            qmp.once(Path("/nonexistent/qmp"), "balloon")

    def test_one_that_is_silent(self):
        with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as server:
            server.bind(f"{name}/qmp")
            server.listen()
            with mock.patch.object(qmp, "SECONDS", 0.05):
                with self.assertRaisesRegex(UserError, "no answer to balloon in 0.05 s; is another one connected"):
                    qmp.once(Path(name, "qmp"), "balloon")


class Targets(unittest.TestCase):
    def test_only_whole_lines_that_ask_for_one(self):
        for line, mib in ((b'{"event":"balloon","target_mib":64}', 64), (b'{"event":"counter","name":"balloon"}', None),
                          (b'{"event":"balloon","targ', None), (b'["balloon"]', None)):
            self.assertEqual(balloon.target(line), mib)
        for value in (b'"64"', b"-1", b"1.5", b"true", b"null", b"9999999999999"):
            with self.assertRaisesRegex(UserError, "^the guest asked for a balloon's target of .*; expected"):
                balloon.target(b'{"event":"balloon","target_mib":' + value + b"}")

    def test_lines_come_as_they_become_whole(self):
        with tempfile.TemporaryDirectory() as name:
            path, over = Path(name, "events"), threading.Event()
            found = balloon.targets(path, over)
            thread = threading.Timer(0.05, path.write_bytes, [b'{"event":"balloon","target_mib":1}\n{"ev'])
            thread.start()
            self.assertEqual(next(found), 1)
            thread.join()
            with open(path, "ab") as out:
                out.write(b'ent":"balloon","target_mib":2}\n')
            self.assertEqual(next(found), 2)
            over.set()
            self.assertEqual(list(found), [])


class Runs(FakeBuild):
    """With a stand-in for the emulator, whose guest asks for 64 MiB and then for one more."""

    def inflate(self, manner="", target="64", *more):
        self.lowwater("list")
        with mock.patch.dict(os.environ, FAKE_QMP=manner, FAKE_TARGET=target):
            return self.lowwater("run", "--scenario", "inflate", "--devices", "balloon", *more)

    def test_the_target_is_set_when_the_guest_asks(self):
        code, out, err = self.inflate()
        self.assertEqual(code, 0, out + err)
        [log] = self.build.rglob("console.log")
        sent = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        hello = {"execute": "qmp_capabilities"}
        self.assertEqual(sent, [hello, {"execute": "balloon", "arguments": {"value": 64 << 20}},
                                hello, {"execute": "balloon", "arguments": {"value": 65 << 20}}])
        found = self.result("inflate")
        self.assertIn("virtio-balloon-pci", found["qemu"])
        self.assertNotIn("qmp", found["qemu"])

    def test_what_goes_wrong_is_one_line_and_ends_the_run(self):
        for manner, target, said in (
                ("refuse", "64", "QEMU refused balloon: No balloon device"),
                ("garbage", "64", "QEMU's monitor: '?' to the greeting: expected a JSON object"),
                ("rude", "64", "QEMU's monitor: expected its greeting first"),
                ("hang", "-5", "the guest asked for a balloon's target of -5; expected a number of MiB")):
            with self.subTest(manner):
                code, out, err = self.inflate(manner, target)
                self.assertEqual((code, out, err.splitlines()[1:]), (2, "", [f"lowwater: {said}"]))

    def test_a_guest_that_ends_wants_no_answer(self):
        self.assertEqual(self.inflate("gone")[0], 0)

    def test_a_run_without_a_balloon_has_no_monitor(self):
        with balloon.host(spec(devices="disk=1"), Path("none")) as host:
            self.assertEqual(host.arguments, [])
        before = threading.active_count()
        with balloon.host(spec(devices="balloon=deflate"), Path("none")) as host:
            self.assertIn(f"socket,id=qmp,path={host.socket},server=on,wait=off", host.arguments)
            self.assertEqual(threading.active_count(), before + 1)
        self.assertFalse(host.socket.parent.exists())
        self.assertEqual(threading.active_count(), before)

    def test_a_console_says_where_its_monitor_is(self):
        for devices, said in (("balloon", True), ("disk=1", False)):
            one = settled(devices=devices, results=str(self.build / "results"), build_dir=str(self.build), mode="fast")
            err = io.StringIO()
            with mock.patch.object(terminal, "attend", return_value=0) as attend, \
                    mock.patch.dict(os.environ, LOWWATER_ACCEL="tcg"), contextlib.redirect_stderr(err):
                self.assertEqual(terminal.run(one), 0)
            self.assertEqual("the balloon's target: " in err.getvalue(), said)
            self.assertEqual(any("id=qmp" in word for word in attend.call_args[0][0]), said)


RING = """== vda ring 0
/machine/peripheral/vda/virtio-backend:
  desc:
    descs:
        addr 0x3fde050 len 16, addr 0x0 len 1 (write)
  avail:
    flags: 1
    idx:   {}
    ring:  0
  used:
    flags: 0
    idx:   {}
"""


class Rings(unittest.TestCase):
    def test_what_waits_for_its_device(self):
        for text, said in ((RING.format(7, 7), None), (RING.format(9, 7), "vda has not answered 2 of queue 0"),
                           (RING.format(1, 65535), "vda has not answered 2 of queue 0"),
                           (RING.format(1, 0) + RING.format(4, 0).replace("vda ring 0", "balloon0 ring 1"),
                            "vda has not answered 1 of queue 0, balloon0 has not answered 4 of queue 1"),
                           ("== vda ring 0\nError: Region caches not initialized\n", None), ("", None),
                           (RING.format(9, 7).replace("vda ring", "vda queue"), None)):
            self.assertEqual(rings.unanswered("head\n\n" + text), said)

    def test_the_monitor_is_asked_for_each_ring(self):
        asked = dict(rings.questions(spec(devices="disk=1 card=2 disk=1 balloon")))
        self.assertEqual([one for one in asked if " ring " in one],
                         ["vda ring 0", "vdb ring 0", "balloon0 ring 0", "balloon0 ring 1"])
        self.assertEqual(asked["vdb ring 0"],
                         "info virtio-queue-element /machine/peripheral/vdb/virtio-backend 0")
        with facts.Facts(spec(devices="disk=1"), Path("folder")).stub() as more:
            self.assertIn("chardev=facts,mode=control", more)
        self.assertEqual(list(rings.questions(spec())), [])


if __name__ == "__main__":
    unittest.main()
