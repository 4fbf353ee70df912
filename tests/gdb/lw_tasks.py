"""lw-tasks and lw-locks: who runs, who sleeps on what, who holds which lock."""
import gdb

from lw_read import (Command, NotYet, Trouble, address_of, chars, entries, enum, place, symbol,
                     text, word)

MAX_TASKS = 1 << 16
MAX_FRAMES = 48
FLAGS = ((0x00200000, "kthread"), (0x4, "exiting"))  # PF_KTHREAD, PF_EXITING
SAVED_RBP, SAVED_RIP = 5 * 8, 6 * 8  # above a saved sp: r15 to r12, rbx, rbp, return address


class Tasks(Command):
    """Tasks: pid, name, state, memory in pages, what each waits for. lw-tasks [-b]

-b prints each task's call trace too, innermost first."""

    name, usage, limits = "lw-tasks", "[-b]", (0, 1)

    def run(self, argv):
        if argv and argv[0] != "-b":
            raise Trouble(f"{argv[0]!r}: expected -b or nothing")
        tasks, running = all_tasks(), running_tasks()
        print(f"{'pid':>5} {'comm':<16}{'state':<18}{'cpu':>4}{'rss':>9}{'adj':>6}  notes")
        for task in tasks:
            cpu = running.get(int(task.address))
            print(task_line(task, cpu))
            for line in trace(task, cpu) if argv else ():
                print(f"        {line}")


def all_tasks():
    """Return the tasks in order of creation."""
    head = address_of("all_tasks")
    symbol("all_tasks")  # says so when the kernel is not mapped yet
    if word(head) in (0, head):
        raise NotYet("there are no tasks yet at this stop")
    return list(entries(head, "task", "all", MAX_TASKS))


def running_tasks():
    """Return the CPU of each task that runs, by the task's address."""
    cpus = symbol("cpus")
    return {int(cpus[cpu]["task"]): cpu for cpu in range(int(symbol("nr_cpus")))}


def task_line(task, cpu):
    rss = "-"
    if int(task["mm"]):
        mm = task["mm"].dereference()
        rss = str(int(mm["anon_rss"]) + int(mm["file_rss"]) + int(mm["shmem_rss"]))
    return (f"{int(task['pid']):>5} {chars(task['comm']):<16}{state(task, cpu):<18}"
            f"{'-' if cpu is None else cpu:>4}{rss:>9}{int(task['process']['oom_score_adj']):>6}  "
            + ", ".join(remarks(task))).rstrip()


def state(task, cpu):
    names = {value: name for name, value in enum("task_state").items()}
    name = names.get(int(task["state"]), f"state {int(task['state'])}")
    name = name.removeprefix("TASK_").lower()
    return "runnable" if name == "running" and cpu is None else name


def remarks(task):
    """Yield what is worth knowing of a task beyond its columns."""
    leader = task["process"]["leader"]
    if int(leader) != int(task.address):
        yield f"thread of {int(leader['pid'])}"
    if int(task["waiting_for"]):
        yield f"waits for {text(int(task['waiting_for']))}"
    for bit, name in FLAGS:
        if int(task["flags"]) & bit:
            yield name
    if task["kill_pending"]:
        yield "kill pending"
    if task["memdie"]:
        yield "memdie"


def trace(task, cpu):
    """Yield a task's call trace: by GDB's unwinder while it runs, else by frame pointers."""
    if cpu is not None:
        yield from running_trace(cpu)
        return
    sp, low = int(task["sp"]), int(task["stack"])
    high = low + int(task["stack_size"])
    if not low <= sp <= high - SAVED_RIP - 8:
        yield f"its saved stack pointer {sp:#x} is not on its stack"
        return
    pc, fp = word(sp + SAVED_RIP), word(sp + SAVED_RBP)
    for _ in range(MAX_FRAMES):
        yield place(pc)
        if not low <= fp <= high - 16:
            return
        pc, last, fp = word(fp + 8), fp, word(fp)
        if fp <= last:  # frames climb: this was the outermost
            if pc:
                yield place(pc)
            return


def running_trace(cpu):
    """Yield the frames of a CPU, which is GDB's thread number cpu + 1."""
    before = gdb.selected_thread()
    for thread in gdb.selected_inferior().threads():
        if thread.num == cpu + 1:
            thread.switch()
    frame = gdb.newest_frame()
    for _ in range(MAX_FRAMES):
        if frame is None or not frame.pc():
            break
        yield place(frame.pc()) if frame.type() != gdb.INLINE_FRAME else f"{frame.name()} (inlined)"
        frame = frame.older()
    before.switch()


class Locks(Command):
    """Locks that are held, by whom, and who waits for them: lw-locks"""

    name = "lw-locks"

    def run(self, argv):
        symbol("all_locks")
        if not word(address_of("all_locks")):
            raise NotYet("there are no locks yet at this stop")
        quiet = True
        for line in spinners():
            print(line)
            quiet = False
        for lock in entries(address_of("all_locks"), "lock_info", "all", MAX_TASKS):
            for line in lock_lines(lock):
                print(line)
                quiet = False
        if quiet:
            print("no lock is held and nobody waits for one")


def spinners():
    """Yield the CPUs that wait for a spinlock at this stop."""
    for cpu in range(int(symbol("nr_cpus"))):
        one = symbol("cpus")[cpu]
        if int(one["spins_on"]):
            name = text(int(one["spins_on"]["info"]["name"]))
            yield f"{name}: CPU {cpu}, {who(one['task'].dereference())} spins on it"


def lock_lines(lock):
    name = text(int(lock["name"]))
    if int(lock["owner"]):
        yield f"{name}: held by {who(lock['owner'].dereference())}"
    for waiter in entries(int(lock["waiters"].address), "waiter", "node", MAX_TASKS):
        yield f"{name}: {who(waiter['task'].dereference())} waits"


def who(task):
    return f"pid {int(task['pid'])} ({chars(task['comm'])})"


COMMANDS = (Tasks, Locks)
