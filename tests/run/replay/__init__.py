"""The room of replay: a report's machine, built again, and its request made again in each arm.

state (the report as a state file, and what had to be chosen), engine (the program on the host twin), boot (the
same in QEMU), table (what happened, what each arm does, where they part), command (`make replay`).
"""
