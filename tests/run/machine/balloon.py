"""The host's side of a balloon: its target, which the guest asks for on the event channel.

A guest that wants another size writes {"event":"balloon","target_mib":N} and stands still, in exact mode
in a frozen wait, until the device tells it the new target: so the answer comes at the same instruction
whenever the host gives it.
"""
import contextlib
import json
import sys
import threading

import devices
from machine import qmp, sockets
from options import UserError

POLL_SECONDS = 0.01
MIB = 1 << 20
MAX_MIB = 1 << 30


class Host:
    """What a run's emulator needs for its balloon, and what went wrong; without a balloon, neither."""

    def __init__(self, socket=None):
        self.socket = socket
        self.error = None

    @property
    def arguments(self):
        if not self.socket:
            return []
        where = str(self.socket).replace(",", ",,")
        return ["-chardev", f"socket,id=qmp,path={where},server=on,wait=off", "-mon", "chardev=qmp,mode=control"]

    def watched(self, tick):
        """Return a tick of qemu.run() that ends the run when the target could not be set."""
        def both(seconds):
            self.check()
            if tick:
                tick(seconds)
        return both

    def check(self):
        if self.error:
            raise self.error

    def follow(self, events, over, tell):
        """Do what the guest asks for, until it is over; a guest that ends meanwhile wants no answer."""
        try:
            for mib in targets(events, over):
                qmp.once(self.socket, "balloon", value=mib * MIB)
        except qmp.Ended:
            return
        except (UserError, OSError) as error:
            self.error = error if isinstance(error, UserError) else UserError(f"the balloon's target: {error}")
            if tell:
                tell(self.error)


@contextlib.contextmanager
def host(spec, events, tell=None):
    """Yield the Host of a run that sends its events to a file, not there yet perhaps.

    tell(error) is called at once where one is given; else it is raised at the end, if nobody checked.
    """
    if not wanted(spec):
        yield Host()
        return
    with sockets.folder() as folder:
        found, over = Host(folder / "qmp"), threading.Event()
        thread = threading.Thread(target=found.follow, args=(events, over, tell), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            over.set()
            thread.join()
        if not tell:
            found.check()


def wanted(spec):
    return any(one.kind == "balloon" for one in devices.parse(spec.devices or devices.NONE))


def say(error):
    """Tell a person at once, who sees only that the guest stands still."""
    print(f"lowwater: {error}", file=sys.stderr)


def targets(path, over):
    """Yield each target in MiB, as the lines of a growing file become whole."""
    torn = b""
    with contextlib.ExitStack() as stack:
        file = None
        while not over.wait(POLL_SECONDS):
            file = file or opened(path, stack)
            *lines, torn = (torn + (file.read() if file else b"")).split(b"\n")
            for line in lines:
                if b'"balloon"' in line and (mib := target(line)) is not None:
                    yield mib


def opened(path, stack):
    try:
        return stack.enter_context(open(path, "rb"))
    except FileNotFoundError:
        return None


def target(line):
    """Return the target that an event asks for; None where it is another one, or none at all."""
    try:
        found = json.loads(line)
    except ValueError:
        return None  # of which the run's result has a note
    if not isinstance(found, dict) or found.get("event") != "balloon":
        return None
    mib = found.get("target_mib")
    if type(mib) is not int or not 0 <= mib <= MAX_MIB:
        raise UserError(f"the guest asked for a balloon's target of {mib!r}; expected a number of MiB")
    return mib
