# The host twin: mm/ and the parts of boot/ and kernel/core it stands on, unchanged, with unit
# tests, under the address and undefined-behaviour sanitizers. The top Makefile includes this;
# `make -f tests/host/host.mk TOP=build host-run` works as well. HOST_TEST='test_4_*' picks tests,
# BUILD=debug turns on the kernel's own debug checks. builds.mk builds the same in other ways.

TOP ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
HOST := $(TOP)/host$(if $(filter debug,$(BUILD)),-debug)
HOST_SEED ?= 1
HOST_TEST ?=

HOST_SUBJECT := $(filter-out mm/setup/mm_boot.c,$(wildcard mm/*/*.c)) boot/bootinfo.c kernel/core/param.c kernel/core/nearest.c \
	$(wildcard kernel/core/lock/*.c) $(addprefix kernel/core/,cpu/madt.c cpu/device_place.c \
	guard/sysrq_plan.c log/event_text.c log/format.c log/ratelimit.c log/trace.c sched/fair.c sched/process.c sched/token.c sched/work.c)
# Unit tests alone have kernel/task as well; a scenario's run, which is the machine's end, needs the machine.
HOST_TASK := $(filter-out kernel/task/scenario.c kernel/task/scenario_list.c kernel/task/index_grace.c,$(wildcard kernel/task/*.c)) \
	tests/host/task/stage.c
# And devices' drivers, buses, disks and alarms, with devices of the tests' own. (test_pci.c has pci_irq.c, and
# test_virtio_blk.c has virtio_blk.c.)
HOST_DEV := $(filter-out %/virtio_blk.c,$(wildcard kernel/dev/virtio/*.c)) \
	$(addprefix kernel/dev/pci/,pci.c pci_bar.c pci_cap.c pci_config.c pci_msix.c) \
	$(wildcard kernel/dev/block/*.c) kernel/dev/card.c kernel/dev/swap_disk.c kernel/core/sched/alarm.c \
	$(filter-out $(wildcard tests/host/dev/test_*.c),$(wildcard tests/host/dev/*.c))
# The file system, with disks of the tests' own that have an image of the runner's.
HOST_FS := $(wildcard kernel/fs/*.c) tests/workloads/filework.c \
	$(filter-out $(wildcard tests/host/fs/test_*.c),$(wildcard tests/host/fs/*.c))
# What tests stand on: machines, shims, and lives of machines (fuzz/play.h).
HOST_BASE := $(addprefix tests/host/twin/,host_machine.c twin.c apps.c) tests/host/replay/replay.c $(wildcard tests/host/shim/*.c) \
	$(wildcard tests/host/fuzz/play*.c)
HOST_C := $(HOST_SUBJECT) $(HOST_TASK) $(HOST_DEV) $(HOST_FS) $(HOST_BASE) tests/host/twin/main.c $(wildcard tests/host/*/test_*.c)
HOST_O := $(HOST_C:%.c=$(HOST)/%.o)

# clang would put guards between the gathered parameters; gcc leaves named sections alone.
HOST_CLANG := $(if $(findstring clang,$(CC)),-mllvm -asan-globals=0)
# What is read before it is set is the same odd bytes every time, not a 0 that was meant and is there by chance.
HOST_UNSET := -ftrivial-auto-var-init=pattern
HOST_CHECKS := -O1 $(HOST_UNSET) -fsanitize=address,undefined -fno-sanitize-recover=all
# Most tests run for less time than it takes to optimise them.
HOST_PLAIN_C := $(filter-out %_random.c,$(wildcard tests/host/*/test_*.c))
# A sanitizer's report names functions and lines. Where variables are at every step would take a quarter of the
# time to build; who steps through a test has them with HOST_CHECKS=-O0, whatever stands here.
HOST_COMMON := -std=gnu11 -g -fno-var-tracking -Wall -Wextra -Werror -fno-omit-frame-pointer -fno-pie \
	-fno-strict-aliasing -Itests/host/shim -Itests/host/twin -Itests/host -I. -MMD -MP
HOST_FLAGS := $(HOST_COMMON) $(HOST_CHECKS) $(if $(filter debug,$(BUILD)),-DLW_DEBUG)
HOST_LINK := -no-pie -Wl,-T,tests/host/twin/params.ld

include tests/run/toolchain/stamp.mk

.PHONY: host-tests host-tests-debug host-run

host-tests: $(HOST)/twin
	@:

host-tests-debug:
	@$(MAKE) --no-print-directory BUILD=debug host-tests

# The one object that kernel/task and kernel/dev name is each test's own.
$(HOST)/kernel/task/%.o $(HOST)/kernel/dev/%.o $(HOST)/tests/host/task/%.o: HOST_MEMORY := '-Dsystem_memory=(*task_memory)'

$(HOST_PLAIN_C:%.c=$(HOST)/%.o): HOST_OPT := -O0

$(HOST)/flags: .FORCE
	$(call stamp,$(call version,$(CC)) $(HOST_FLAGS) $(HOST_CLANG))

$(HOST)/sources: .FORCE
	$(call stamp,$(HOST_C))

$(HOST)/%.o: %.c $(HOST)/flags tests/host/host.mk
	@mkdir -p $(@D)
	@$(CC) $(HOST_FLAGS) $(HOST_OPT) $(HOST_MEMORY) $(HOST_CLANG) -c $< -o $@

$(HOST)/twin: $(HOST_O) $(HOST)/sources tests/host/twin/params.ld
	@$(CC) $(HOST_CHECKS) $(HOST_LINK) $(HOST_O) -lcmocka -o $@

host-run: $(HOST)/twin
	@HOST_SEED=$(HOST_SEED) $(HOST)/twin $(if $(HOST_TEST),'$(HOST_TEST)')

-include tests/host/builds.mk
-include tests/host/explore/explore.mk
# What the compiler read takes as long to read as all else that make reads: not for goals that build nothing here.
ifneq ($(filter-out $(GOALS_WITHOUT_HOST),$(or $(MAKECMDGOALS),all)),)
-include $(HOST_O:.o=.d) $(HOST_READ)
endif
