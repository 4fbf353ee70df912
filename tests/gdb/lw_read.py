"""Reading the guest's memory: words, strings, lists, enums; and the frame of every command.

Reads go through a cache that lives as long as one command: over a stub each read is a round
trip. Nothing here trusts a list to be whole, since a guest may stop in the middle of any change.
"""
import gdb

BLOCK = 4096  # never crosses into a page that is not mapped
WORD = 8
MAX_TEXT = 128
NOTE_HEADER, BUILD_ID = 16, 20  # bytes


class Trouble(Exception):
    """What keeps a command from its answer, in one line."""


class NotYet(Exception):
    """The guest has not come far enough for an answer; no mistake."""


class Command(gdb.Command):
    """A command whose every failure is one line. Subclasses: name, usage, limits, run(argv)."""

    name = usage = ""
    limits = (0, 0)  # least and most arguments

    def __init__(self):
        super().__init__(self.name, gdb.COMMAND_DATA)

    def invoke(self, text, _from_tty):
        cache.clear()
        try:
            argv = gdb.string_to_argv(text)
            if not self.limits[0] <= len(argv) <= self.limits[1]:
                raise Trouble(f"expected `{f'{self.name} {self.usage}'.rstrip()}`")
            need_guest()
            need_same_build()
            self.run(argv)
        except NotYet as reason:
            print(f"{self.name}: {reason}")
        except Trouble as reason:
            raise gdb.GdbError(f"{self.name}: {reason}") from None
        except gdb.error as error:
            raise gdb.GdbError(f"{self.name}: {str(error).splitlines()[0]}") from None

    def run(self, argv):
        raise NotImplementedError


def need_guest():
    if gdb.selected_thread() is None:
        raise Trouble("no guest: start one with `make debug`, or open a core of `make core`")


def need_same_build():
    """Symbols of another build would read anything out of a guest's memory."""
    files = gdb.objfiles()
    wanted = files[0].build_id if files else None
    found = build_of_guest() if wanted else None
    if found == wanted or (not found and not is_core()):
        return  # a live guest has no image in its first moments
    raise Trouble(f"the guest is of another build than {files[0].filename} ({wanted[:12]}): open it "
                  "with its own")


def is_core():
    connection = gdb.selected_inferior().connection
    return connection is not None and connection.type == "core"


def build_of_guest():
    """Return what the image in memory says of itself, None where there is nothing."""
    try:
        at = int(gdb.parse_and_eval("&_build_id")) + NOTE_HEADER
        data = bytes(gdb.selected_inferior().read_memory(at, BUILD_ID))
    except gdb.MemoryError:
        return None
    return data.hex() if any(data) else None


def tell_of_another_build():
    """The same at once, when the helpers are loaded with a guest."""
    try:
        if gdb.selected_thread():
            need_same_build()
    except Trouble as reason:
        print(f"lowwater: {reason}")


class Cache:
    """Blocks of guest memory, kept for one command."""

    def __init__(self):
        self.blocks = {}

    def clear(self):
        self.blocks = {}

    def read(self, address, size):
        """Return size bytes at address, or raise Trouble."""
        data = b""
        while size:
            start = address & ~(BLOCK - 1)
            part = self.block(start)[address - start:address - start + size]
            data += part
            address += len(part)
            size -= len(part)
        return data

    def block(self, start):
        if start not in self.blocks:
            try:
                memory = gdb.selected_inferior().read_memory(start, BLOCK)
            except (gdb.MemoryError, OverflowError) as error:
                raise Trouble(f"memory at {start:#x} cannot be read") from error
            self.blocks[start] = bytes(memory)
        return self.blocks[start]


cache = Cache()


def word(address):
    return int.from_bytes(cache.read(address, WORD), "little")


def text(address):
    """Return the string at an address; a null pointer has none."""
    if not address:
        return ""
    data = b""
    while b"\0" not in data and len(data) < MAX_TEXT:
        data += cache.read(int(address) + len(data), 1)
    return data.split(b"\0")[0].decode("utf-8", "replace")


def chars(value):
    """Return the text in a char array."""
    data = cache.read(int(value.address), value.type.sizeof)
    return data.split(b"\0")[0].decode("utf-8", "replace")


def symbol(name):
    """Return a variable of the kernel; its contents are fetched once."""
    try:
        value = gdb.parse_and_eval(name)
        value.fetch_lazy()
        return value
    except gdb.MemoryError as error:
        raise NotYet("not set up yet: the kernel's memory is not mapped at this stop") from error


def address_of(name):
    return int(gdb.parse_and_eval(f"&{name}"))


def enum(name):
    """Return an enum's values by name."""
    return {field.name: field.enumval for field in gdb.lookup_type(f"enum {name}").fields()}


def length(array):
    low, high = array.type.range()
    return high - low + 1


def offset(type_name, member):
    for field in gdb.lookup_type(f"struct {type_name}").fields():
        if field.name == member:
            return field.bitpos // 8
    raise Trouble(f"struct {type_name} has no member {member}")


def nodes(head, limit):
    """Yield the addresses of a list's nodes; a list that is not whole raises Trouble."""
    at, count = word(head), 0
    while at != head:
        if count >= limit or not at:
            raise Trouble(f"the list at {head:#x} does not come back to its head within "
                          f"{count} entries; the guest may be changing it at this stop")
        yield at
        at, count = word(at), count + 1


def entries(head, type_name, member, limit):
    """Yield the objects of a list as gdb.Values."""
    kind = gdb.lookup_type(f"struct {type_name}").pointer()
    back = offset(type_name, member)
    for node in nodes(head, limit):
        yield gdb.Value(node - back).cast(kind).dereference()


def place(address):
    """Return `function+0xoffset` of a code address, or its number."""
    said = gdb.execute(f"info symbol {address:#x}", to_string=True)
    name, _, rest = said.partition(" in section ")
    if not rest:
        return f"{address:#x}"
    name, _, distance = name.partition(" + ")
    return f"{name}+{int(distance or 0):#x}"
