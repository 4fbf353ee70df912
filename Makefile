# Lowwater. `make help` says what there is; tests/run holds the scripts behind it.

SHELL := /bin/sh
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
ifneq ($(words $(CURDIR)),1)
$(error the path "$(CURDIR)" holds a blank; please build Lowwater in a folder without one)
endif
.SUFFIXES:

# What a run is made of (DESIGN 6). MEM, SHIFT, CPUS and DEVICES, where empty, are what the scenario declares.
SCENARIO ?=
PATCH ?= none
MEM ?=
SHIFT ?=
CPUS ?=
SEED ?= 1
SCHED ?= 0
MODE ?= exact
ARGS ?=
DEVICES ?=
BOOT ?= kernel
BUILD ?= release
TIMEOUT ?= 300
OUT ?=
AT ?= oom
PORT ?=

# A variable that nothing reads would be an experiment that nobody ran. Which ones each target reads, of
# tests/host/*.mk as well, besides BUILDS; make refuses any other on its command line.
RUNS := MEM SHIFT CPUS SEED SCHED MODE ARGS DEVICES BOOT BUILD TIMEOUT OUT
BUILDS := CC OPT TOP NEWLIB PY SHELL HOST HOST_CHECKS HOST_COMMON EXPLORE_COMMON
READS_run := SCENARIO PATCH $(RUNS) JOBS LOG MAP STATE
READS_matrix := SCENARIO PATCH MEM CPUS SEED ARGS DEVICES BUILD TIMEOUT JOBS
READS_list := SCENARIO BUILD
READS_sweep := SCENARIO PATCH $(RUNS) SEEDS SCHEDS FAIL_NTH JOBS PARALLEL_OPTIONS
READS_bench := $(RUNS) UPDATE
READS_compare := BASE SCENARIO PATCH MEM SEEDS SCHEDS CPUS ARGS DEVICES BUILD TIMEOUT JOBS FAIL_ON
READS_oracle := WORKLOAD BUILD TIMEOUT JOBS
READS_check := LOG REPORT FULL JSON
READS_replay := LOG REPORT STATE PATCH BOOT
READS_report := RESULTS
READS_test := SUITE TEST JOBS
READS_console := SCENARIO PATCH $(RUNS)
READS_debug := SCENARIO PATCH $(RUNS) PORT STATE
READS_core := SCENARIO PATCH $(RUNS) AT STATE
READS_all := BUILD
READS_image := BUILD
READS_iso := BUILD
READS_objects := BUILD
READS_clang-check := BUILD
READS_host-tests := BUILD
READS_host-run := BUILD HOST_TEST HOST_SEED
READS_host-threads := HOST_SEED
READS_host-bench := HOST_SEED
READS_fuzz := SECONDS JOBS BUILD
READS_fuzz-fs := SECONDS JOBS BUILD
READS_mutants := FILES SAMPLE SEED JOBS
READS_explore := SCENARIO BOUND SECONDS TOKEN JOBS
READS_explore-test := PART JOBS
READS_explore-plants := JOBS
READ_NOTHING := browser host-replay image-debug host-tests-debug threads-tests coverage setup clean format help

READS := $(filter READS_%,$(.VARIABLES))
MAY_SET := $(sort $(BUILDS) $(foreach row,$(READS),$($(row))))
SET := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
SET := $(filter-out MAKEFLAGS MAKEOVERRIDES,$(SET))
UNKNOWN := $(filter-out $(MAY_SET),$(SET))
ifneq ($(UNKNOWN),)
$(error $(shell /usr/bin/python3 tests/run/nearest.py $(MAY_SET) -- $(UNKNOWN)))
endif

# A make that this one starts inherits what was meant for this one; a file may be made with any.
GOALS := $(or $(MAKECMDGOALS),all)
FILE_GOALS := $(filter-out $(READS:READS_%=%) $(READ_NOTHING),$(GOALS))
UNREAD := $(filter-out $(BUILDS) $(foreach goal,$(GOALS),$(READS_$(goal))),$(SET))
ifeq ($(MAKELEVEL)$(FILE_GOALS),0)
ifneq ($(UNREAD),)
EXPECTED := $(foreach goal,$(GOALS),$(READS_$(goal)))
$(error $(firstword $(UNREAD)): make $(GOALS) does not read it; expected $(or $(EXPECTED),none))
endif
endif

# How many runs, or tests, at a time; as many as cores where empty, and tests one more.
JOBS ?=

# 1: make run shows the console of its one run as it comes. Of make check: the log, or a pattern of logs.
LOG ?=

# 1: make run has samples and maps of memory in its results, at every tick of a usual machine.
MAP ?=
MAP_ARGS := sample_us=4000 map_us=4000

# A state file, which make replay writes, and scenario replay wants.
STATE ?=

# Of make check and replay: which report of a log, all where empty; 1: the numbers as well; 1: as JSON.
REPORT ?=
FULL ?=
JSON ?=

# Of make report: the folder of runs that the page is about, build/results where empty.
RESULTS ?=

# What a sweep is besides (SEED and SCHED where these are empty).
SEEDS ?=
SCHEDS ?=
FAIL_NTH ?=
PARALLEL_OPTIONS ?=

# Of make compare: the other revision, and what is a failure: outcome, counters, bench, with commas.
BASE ?= HEAD
FAIL_ON ?=

# Of make oracle: words of the workloads' names, all where empty.
WORKLOAD ?=

# Which tests: suites, all where empty, and words of their names.
SUITE ?=
TEST ?=

CC := gcc
TOP := build
NEWLIB := $(TOP)/newlib
B := $(if $(filter debug,$(BUILD)),$(TOP)/debug,$(TOP))
O := $(B)/obj
ELF := $(B)/lowwater.elf
PY := /usr/bin/python3

GENERAL_REGS := $(if $(findstring clang,$(CC)),-mno-sse -mno-mmx -mno-80387,-mgeneral-regs-only)
OPT := $(if $(filter debug,$(BUILD)),-Og -DLW_DEBUG,-O2)
# The same source makes the same image, in whatever folder it lies.
HERE := -ffile-prefix-map=$(CURDIR)=.
COMMON := -std=gnu11 $(OPT) -g $(HERE) -Wall -Wextra -Werror -ffreestanding -mno-red-zone -mcmodel=kernel \
	-fno-pic -fno-pie -fno-stack-protector -fno-omit-frame-pointer -fno-strict-aliasing \
	-fno-optimize-sibling-calls -fno-asynchronous-unwind-tables -I. -isystem $(NEWLIB)/include -MMD -MP
KFLAGS := $(COMMON) $(GENERAL_REGS)
# The apps' newlib has a reentrancy structure for each thread; the kernel's has one.
AFLAGS := $(COMMON) -D__DYNAMIC_REENT__

KERNEL_C := $(wildcard boot/*.c kernel/*.c kernel/core/*.c kernel/core/*/*.c kernel/dev/*.c kernel/dev/*/*.c kernel/fs/*.c \
	kernel/task/*.c mm/*/*.c tests/workloads/*.c tests/guest/*.c)
KERNEL_S := $(wildcard boot/*.S kernel/core/*/*.S)
APP_C := $(wildcard kernel/task/libc/*.c tests/scenarios/*.c)
KERNEL_O := $(KERNEL_C:%.c=$(O)/%.o) $(KERNEL_S:%.S=$(O)/%.o)
APP_O := $(APP_C:%.c=$(O)/%.o)

include tests/run/toolchain/stamp.mk

# Python reads what it compiled the last time, which lies with all else that is built.
RUN := PYTHONPYCACHEPREFIX=$(TOP)/pycache $(PY) tests/run/lowwater.py
# A user's words, whatever is in them, as one word of the shell; and as an option, which may be empty.
quoted = '$(subst ','\'',$(1))'
opt = --$(1)=$(call quoted,$(2))
RUN_OPTIONS = $(call opt,mem,$(MEM)) $(call opt,shift,$(SHIFT)) $(call opt,cpus,$(CPUS)) \
	$(call opt,seed,$(SEED)) $(call opt,sched,$(SCHED)) $(call opt,mode,$(MODE)) $(call opt,args,$(if $(filter-out 0,$(MAP)),$(MAP_ARGS) )$(ARGS)) \
	$(call opt,devices,$(DEVICES)) $(call opt,boot,$(BOOT)) $(call opt,build,$(BUILD)) $(call opt,timeout,$(TIMEOUT)) $(call opt,results,$(OUT)) --build-dir=$(TOP)
WITH_STATE = $(if $(STATE),$(call opt,state,$(STATE)))
# Which run; console, debug and core have a scenario where none is named.
WHICH = $(call opt,scenario,$(SCENARIO)) $(call opt,patch,$(PATCH))
# Of make run: what is not named is all, but of one scenario the arm without patches.
WHICH_RUNS = $(if $(SCENARIO),$(call opt,scenario,$(SCENARIO))) \
	$(if $(filter file,$(origin PATCH)),,$(call opt,patch,$(PATCH))) $(call opt,jobs,$(JOBS))
WHICH_ONE = $(call opt,scenario,$(or $(SCENARIO),spike)) $(call opt,patch,$(PATCH))

.PHONY: all image image-debug setup browser run list matrix sweep bench compare oracle check replay report test \
	console debug core iso clean help format clang-check objects
all: image iso

image: $(ELF)
	@:

setup:
	@tests/run/toolchain/setup.sh

# Only a page's tests want one.
browser: setup
	@tests/run/toolchain/setup.sh browser

# What it was built by is kept as `done`: a recipe that is only newer, as in a fresh checkout, is no other.
NEWLIB_SH := tests/run/toolchain/newlib.sh
$(NEWLIB)/done: .FORCE | setup
	$(if $(call differ,$(file <$@),$(file <$(NEWLIB_SH))),@$(NEWLIB_SH) $(abspath $(NEWLIB)))

$(O)/flags: .FORCE | setup
	$(call stamp,$(call version,$(CC)) $(KFLAGS) $(AFLAGS))

$(O)/sources: .FORCE
	$(call stamp,$(KERNEL_C) $(KERNEL_S) $(APP_C))

$(KERNEL_O) $(APP_O): $(NEWLIB)/done $(O)/flags Makefile

$(O)/kernel/task/libc/%.o: kernel/task/libc/%.c
	@mkdir -p $(@D)
	@$(CC) $(AFLAGS) -c $< -o $@

$(O)/tests/scenarios/%.o: tests/scenarios/%.c
	@mkdir -p $(@D)
	@$(CC) $(AFLAGS) -c $< -o $@

# What these fast paths do not do themselves they end with: a jump, not a call.
JUMPS := mm/alloc/page_alloc.o mm/slab/kmalloc.o mm/slab/slab.o mm/space/fault_around.o
$(addprefix $(O)/,$(JUMPS)): OWN_FLAGS := -foptimize-sibling-calls
# Nobody steps through the checker of locks, and every lock does.
$(O)/kernel/core/lock/lockdep.o $(O)/kernel/core/lock/lock_debug.o: OWN_FLAGS := -O2

$(O)/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(KFLAGS) $(OWN_FLAGS) -c $< -o $@

$(O)/%.o: %.S
	@mkdir -p $(@D)
	@$(CC) -I. -g $(HERE) -MMD -MP -c $< -o $@

# The apps' world: scenarios and their libc in one object, of which the kernel sees two names.
$(O)/apps.o: $(APP_O) $(NEWLIB)/done $(O)/sources
	@ld -r -z noexecstack -o $@.all $(APP_O) --start-group $(NEWLIB)/libc.a $(NEWLIB)/libm.a --end-group
	@objcopy --keep-global-symbol=app_libc_start --keep-global-symbol=app_libc_join $@.all $@

LINK = ld -nostdlib -static --build-id=sha1 -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments \
	-T linker.ld -o $@ $(KERNEL_O) $(O)/apps.o $(filter %symtab.o,$^) $(NEWLIB)/klibc.a

# Twice: the symbol table is made from the first image and lies behind all it describes.
$(O)/first.elf: $(KERNEL_O) $(O)/apps.o $(O)/sources linker.ld
	@$(LINK)

$(O)/symtab.o: $(O)/first.elf tests/run/toolchain/ksyms.py tests/run/toolchain/points.py
	@$(PY) tests/run/toolchain/ksyms.py $< > $(O)/symtab.S
	@$(if $(filter debug,$(BUILD)),$(PY) tests/run/toolchain/points.py $< >> $(O)/symtab.S)
	@$(CC) -c $(O)/symtab.S -o $@

$(ELF): $(KERNEL_O) $(O)/apps.o $(O)/symtab.o $(O)/sources linker.ld
	@$(LINK)
	@echo "built $@"

run: image
	@$(RUN) $(if $(SCENARIO),run $(if $(filter-out 0,$(LOG)),--log),all) $(WHICH_RUNS) $(RUN_OPTIONS) $(WITH_STATE)

# MEM and CPUS are lists here; empty, and CPUS where it is not given, they are the usual ones.
matrix: image
	@$(RUN) matrix $(if $(SCENARIO),$(call opt,scenario,$(SCENARIO))) \
		$(if $(filter file,$(origin PATCH)),,$(call opt,patch,$(PATCH))) $(call opt,jobs,$(JOBS)) \
		$(call opt,mems,$(MEM)) $(if $(filter file,$(origin CPUS)),,$(call opt,many-cpus,$(CPUS))) \
		$(call opt,seed,$(SEED)) $(call opt,args,$(ARGS)) $(call opt,devices,$(DEVICES)) \
		$(call opt,build,$(BUILD)) $(call opt,timeout,$(TIMEOUT)) --build-dir=$(TOP)

list: image
	@$(RUN) list $(if $(SCENARIO),$(call opt,scenario,$(SCENARIO))) $(call opt,build,$(BUILD)) --build-dir=$(TOP)

sweep: image
	@$(RUN) sweep $(WHICH) $(RUN_OPTIONS) $(call opt,seeds,$(SEEDS)) $(call opt,scheds,$(SCHEDS)) \
		$(call opt,fail-nth,$(FAIL_NTH)) $(call opt,jobs,$(JOBS)) \
		$(call opt,parallel-options,$(PARALLEL_OPTIONS))

bench: image
	@$(RUN) bench $(RUN_OPTIONS) $(if $(filter-out 0,$(UPDATE)),--update)

compare: image
	@$(RUN) compare $(call opt,base,$(BASE)) $(if $(SCENARIO),$(call opt,scenario,$(SCENARIO))) \
		$(if $(filter file,$(origin PATCH)),,$(call opt,patch,$(PATCH))) $(call opt,jobs,$(JOBS)) \
		$(call opt,mem,$(MEM)) $(if $(filter file,$(origin CPUS)),,$(call opt,many-cpus,$(CPUS))) \
		$(call opt,seeds,$(SEEDS)) $(call opt,scheds,$(SCHEDS)) $(call opt,args,$(ARGS)) $(call opt,devices,$(DEVICES)) \
		$(call opt,build,$(BUILD)) $(call opt,timeout,$(TIMEOUT)) $(call opt,fail-on,$(FAIL_ON)) --build-dir=$(TOP)

oracle: image
	@$(RUN) oracle $(call opt,workload,$(WORKLOAD)) $(call opt,jobs,$(JOBS)) $(call opt,build,$(BUILD)) \
		$(call opt,timeout,$(if $(filter file,$(origin TIMEOUT)),1800,$(TIMEOUT))) --build-dir=$(TOP)

# Nothing is built for it.
check:
	@$(RUN) check $(if $(filter-out 0,$(FULL)),--full) $(if $(filter-out 0,$(JSON)),--json) $(if $(REPORT),$(call opt,report,$(REPORT))) \
		-- $(if $(LOG),$(call quoted,$(LOG)))

# On the twin; BOOT=kernel: in QEMU.
replay: $(if $(filter kernel,$(BOOT)),$(if $(filter file,$(origin BOOT)),host-replay,image),host-replay)
	@$(RUN) replay $(if $(REPORT),$(call opt,report,$(REPORT))) $(WITH_STATE) \
		$(if $(filter file,$(origin PATCH)),,$(call opt,patch,$(PATCH))) \
		$(if $(filter file,$(origin BOOT)),,$(call opt,boot,$(BOOT))) --build-dir=$(TOP) -- $(if $(LOG),$(call quoted,$(LOG)))

# Of what is in the folder now; nothing is run or built for it.
report: setup
	@$(RUN) report $(if $(RESULTS),$(call opt,results,$(RESULTS))) --build-dir=$(TOP)

TEST_ALL := $(PY) tests/run/suites/test_all.py

test: setup
	@builds=$$($(TEST_ALL) --builds $(SUITE)) && $(MAKE) --no-print-directory $$builds
	@$(TEST_ALL) --jobs "$(JOBS)" --test "$(TEST)" $(SUITE)

image-debug: $(NEWLIB)/done
	@$(MAKE) --no-print-directory BUILD=debug image

# Every source file must also pass clang's warnings, which are the same without optimisation, and its
# assembler.
clang-check: image
	@$(MAKE) --no-print-directory CC=clang OPT=-O0 TOP=$(TOP)/clang NEWLIB=$(TOP)/newlib objects

objects: $(KERNEL_O) $(APP_O)
	@:

# In real time, unless MODE is given: it is for a person's keys.
console: MODE := $(if $(filter file,$(origin MODE)),fast,$(MODE))
console: image
	@$(RUN) console $(WHICH_ONE) $(RUN_OPTIONS)

debug: image
	@$(RUN) debug $(call opt,port,$(PORT)) $(WHICH_ONE) $(RUN_OPTIONS) $(WITH_STATE)

core: image
	@$(RUN) core $(call opt,at,$(AT)) $(WHICH_ONE) $(RUN_OPTIONS) $(WITH_STATE)

iso: image
	@$(RUN) iso --build $(BUILD) --build-dir $(TOP) --out $(TOP)/lowwater.iso

clean:
	rm -rf $(TOP)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

help:
	@echo "make                 build/lowwater.elf and build/lowwater.iso"
	@echo "make run [JOBS=2]    every scenario in every arm, side by side, one table"
	@echo "make run SCENARIO=spike PATCH=none [MEM=2048 SHIFT=4 CPUS=1 SEED=1 SCHED=0"
	@echo "                     MODE=exact|fast BOOT=kernel|iso BUILD=release|debug"
	@echo "                     ARGS=\"spike.apps=8\" DEVICES=\"disk=64 card=32\"]   one run"
	@echo "                     (MEM, SHIFT and DEVICES, where empty, are what the scenario declares)"
	@echo "                     LOG=1: its console as it comes; MAP=1: pageblocks over time in result.json"
	@echo "make run SCENARIO='spike*' PATCH=\"none all\"   some scenarios, some arms, one table"
	@echo "make list [SCENARIO=lockup]   scenarios, their arms, knobs and machines; patches; parameters"
	@echo "make matrix [SCENARIO='spike*' PATCH=all MEM=\"64 2048\" CPUS=\"1 2 8\"]   every arm on many machines"
	@echo "make sweep SCENARIO=spike SEEDS=1..50,77 [SCHEDS=1..200 JOBS=2 PATCH=none MEM=128 ..."
	@echo "                     FAIL_NTH=1..200 (that request for memory is refused)"
	@echo "                     PARALLEL_OPTIONS=\"--sshlogin host\"]   many runs, their distribution"
	@echo "make bench [MEM=2048 UPDATE=1]   instructions of the allocator's operations, beside Linux's"
	@echo "make compare BASE=rev [SCENARIO=spike PATCH=\"none all\" SEEDS=1..8 CPUS=\"1 2\" FAIL_ON=outcome,counters,bench]"
	@echo "                     this tree against another revision: what differs, and only that"
	@echo "make oracle [WORKLOAD=W1 JOBS=2]   the workloads of a real Linux 4.8.15, side by side with it"
	@echo "make check LOG=file [REPORT=2 FULL=1 JSON=1]   what any Linux log's OOM reports and allocation failures"
	@echo "                     say, by the arithmetic of the kernel that printed them; LOG=- reads standard input"
	@echo "make replay LOG=file [REPORT=2 PATCH=\"none all\" BOOT=kernel]   rebuilds the machine that a report describes and"
	@echo "                     makes its request again in each arm; STATE=file: from the file that it wrote"
	@echo "make report [RESULTS=folder]   one page of HTML about all runs of build/results, with their pictures"
	@echo "make console SCENARIO=keys [MODE=fast ...]   the serial console here: press h for the keys"
	@echo "make debug SCENARIO=spike PATCH=none     GDB, stopped at the first kill"
	@echo "make core SCENARIO=spike PATCH=none AT=oom|panic|end   a core of the guest for GDB"
	@echo "make test [SUITE=\"host gdb\" TEST=word JOBS=2]   everything that is tested, or some of it"
	@echo "make explore [SCENARIO=reap-exit-fault BOUND=3 SECONDS=60 JOBS=2 TOKEN='...']"
	@echo "                     every interleaving on the host, with up to BOUND preemptions"
	@echo "make explore-test    the same in short, and planted faults that it must find: TAP"
	@echo "make fuzz SECONDS=60 [JOBS=2]   the allocator under libFuzzer; corpus in build/fuzz"
	@echo "make fuzz-fs SECONDS=60 [JOBS=2]   the same of file systems with wrong bytes; in build/fuzz-fs"
	@echo "make coverage        lines and branches of mm/ that the host tests execute"
	@echo "make mutants [FILES='mm/alloc/*' SAMPLE=300 SEED=1 JOBS=2]   wrong changes of mm/, one at a"
	@echo "                     time: which do the host tests not notice?"
	@echo "make host-bench      random operations a second, in an optimised build on this machine"
	@echo "make host-replay     build/host/replay STATE [--arm A,B] [--report]: a state file's request, made again"
	@echo "make iso, make clean, make help"

# Goals that build nothing by tests/host/*.mk: what those builds depend on is not read for them.
GOALS_WITHOUT_HOST := all image iso run list matrix sweep bench compare oracle check report console debug core help
-include tests/host/host.mk
-include $(KERNEL_O:.o=.d) $(APP_O:.o=.d)
