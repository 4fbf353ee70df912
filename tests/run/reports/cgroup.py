"""What a report says of a control group: that its limit was reached, and what the group holds."""
import re

TASK = re.compile(r"Task in (\S+) killed as a result of limit of (\S+)")
REACHED = re.compile(r"Memory limit reached of cgroup (\S+)")
USAGE = re.compile(r"(memory|memory\+swap|swap|kmem): usage (\d+)kB, limit (\d+)kB, failcnt (\d+)")
STATS = re.compile(r"Memory cgroup stats(?: for (\S*?))?: ?((?:\w+:-?\d+KB ?)*)")
STAT = re.compile(r"([a-z_]+) (\d+)")
OLD_STAT = re.compile(r"(\w+):(-?\d+)KB")


def read(report, text):
    """Read a line; False if it is not about a control group."""
    if found := TASK.fullmatch(text):
        of(report)["path"] = found[2]
    elif found := REACHED.fullmatch(text):
        of(report)["path"] = found[1]
    elif found := USAGE.fullmatch(text):
        of(report)[found[1]] = {"usage_kb": int(found[2]), "limit_kb": int(found[3]),
                                "failcnt": int(found[4])}
    elif found := STATS.fullmatch(text):
        group = of(report)
        group["path"] = group["path"] or found[1]
        group["stats"].update({name + "_kb": int(number)
                               for name, number in OLD_STAT.findall(found[2])})
    elif report["memcg"] and (found := STAT.fullmatch(text)):
        report["memcg"]["stats"][found[1]] = int(found[2])
    else:
        return False
    return True


def of(report):
    if report["memcg"] is None:
        report["memcg"] = {"path": None, "stats": {}}
    return report["memcg"]
