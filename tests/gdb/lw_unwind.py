"""Unwinding through entry.S, so that `bt` shows what a fault or an interrupt broke into.

Its two entries save every register as struct pt_regs right above the frame that they make, but as
hand-written assembly they tell GDB nothing of that.
"""
import gdb
from gdb.unwinder import Unwinder

ENTRIES = ("trap_common", "page_fault")
MAX_CODE = 128  # bytes of one, at least as far as its call
FRAME_SIZE = 16  # saved rbp and return address, then pt_regs
REGISTERS = ("r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rdi", "rsi", "rdx", "rcx",
             "rbx", "rax", "rbp", "rip", "rsp")


class FrameId:
    """What tells this frame from others."""

    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class TrapUnwinder(Unwinder):
    """Knows the return address of the call in each entry."""

    def __init__(self):
        super().__init__("lowwater-trap")
        self.starts = ()
        self.after_calls = {}

    def __call__(self, pending):
        pc = pending.read_register("rip")
        if not self.is_call_return(int(pc)):
            return None
        saved = int(pending.read_register("rbp")) + FRAME_SIZE
        regs = gdb.Value(saved).cast(gdb.lookup_type("struct pt_regs").pointer()).dereference()
        info = pending.create_unwind_info(FrameId(gdb.Value(saved), pc))
        for name in REGISTERS:
            info.add_saved_register(name, regs[name])
        return info

    def is_call_return(self, pc):
        """Is this the address behind an entry's call? Its code is looked at when first met."""
        self.starts = self.starts or [int(gdb.parse_and_eval(f"(unsigned long)&{name}"))
                                      for name in ENTRIES]
        for start in self.starts:
            if not start <= pc < start + MAX_CODE:
                continue
            self.after_calls[start] = self.after_calls.get(start) or find_call_return(start)
            if pc == self.after_calls[start]:
                return True
        return False


def find_call_return(start):
    """Return the address behind the first call from start on, or 0."""
    try:
        code = gdb.selected_inferior().architecture().disassemble(start, start + MAX_CODE)
    except gdb.error:
        return 0
    for one in code:
        if one["asm"].startswith("call"):
            return one["addr"] + one["length"]
    return 0


def register():
    gdb.unwinder.register_unwinder(None, TrapUnwinder(), replace=True)
