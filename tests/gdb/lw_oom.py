"""lw-oom: the OOM killer at this stop: its lock, victims, reaper, notifiers and counts."""
from lw_read import Command, address_of, entries, enum, place, symbol, word
from lw_tasks import MAX_TASKS, all_tasks, who

SKIP, UNSTABLE = 1, 2  # MMF_OOM_SKIP, MMF_UNSTABLE
COUNTS = ("OOM_KILLS", "OOM_STEPS", "OOM_TRYLOCK_FAILED", "OOM_SCANS_ABORTED", "OOM_REAP_ATTEMPTS",
          "OOM_REAP_FAILED", "OOM_REAPED", "OOM_REAP_LOST", "NOTIFIER_CALLS",
          "NOTIFIER_FREED_PAGES")


class Oom(Command):
    """The OOM killer: who holds its lock, its victims, what is being reaped: lw-oom"""

    name = "lw-oom"

    def run(self, argv):
        memory = symbol("system_memory")
        print(f"oom_lock: {holder(memory['oom_lock']['info'])}"
              + (", killer disabled" if memory["oom_killer_disabled"] else ""))
        for line in victims():
            print(line)
        print(f"reaper: {reaper(memory['reaper'])}")
        for line in notifiers(memory["oom_reclaim_list"]):
            print(line)
        number = enum("mm_event")
        print(", ".join(f"{name.lower()} {int(memory['event'][number[name]])}" for name in COUNTS))


def holder(info):
    owner = f"held by {who(info['owner'].dereference())}" if int(info["owner"]) else "free"
    waiting = [who(waiter["task"].dereference())
               for waiter in entries(int(info["waiters"].address), "waiter", "node", MAX_TASKS)]
    return owner + (f", {', '.join(waiting)} waiting" if waiting else "")


def victims():
    """Yield a line for each task that may use reserves, or whose memory the killer has marked."""
    for task in all_tasks():
        process = task["process"].dereference()
        mm = task["mm"] if int(task["mm"]) else process["oom_mm"]
        if not task["memdie"] and not int(process["oom_mm"]):
            continue
        yield f"victim: {who(task)}, {'memdie' if task['memdie'] else 'no reserves'}, {space(mm)}"


def space(mm):
    if not int(mm):
        return "no address space"
    mm = mm.dereference()
    flags = int(mm["flags"])
    words = [f"rss {int(mm['anon_rss']) + int(mm['file_rss']) + int(mm['shmem_rss'])}",
             f"{int(mm['users']['n'])} users"]
    words += ["skip"] if flags & SKIP else []
    words += ["unstable"] if flags & UNSTABLE else []
    return ", ".join(words)


def reaper(state):
    if not int(state["task"]):
        return "not started"
    if int(state["mm_to_reap"]):
        return f"its slot holds {int(state['mm_to_reap']):#x}, {space(state['mm_to_reap'])}"
    waiting = list(queued(state))
    if waiting:
        return "queue: " + ", ".join(waiting)
    return "at work" if state["busy"] else "idle"


def queued(state):
    end, task = address_of("end_of_queue"), state["queue"]
    for _ in range(MAX_TASKS):
        if int(task) in (0, end):
            return
        yield who(task.dereference())
        task = task["oom_reaper_next"]


def notifiers(chain):
    head = int(chain["blocks"].address)
    if not word(head):
        return
    for block in entries(head, "notifier_block", "node", MAX_TASKS):
        yield f"notifier: {place(int(block['call']))}, priority {int(block['priority'])}"


COMMANDS = (Oom,)
