# The host twin built in other ways; each has a folder of its own. From the top Makefile only.
#
#   make fuzz SECONDS=60 JOBS=2   lives of machines under libFuzzer (clang); BUILD=debug as well
#   make fuzz-fs SECONDS=60 JOBS=2   damaged file systems under libFuzzer
#   make coverage                 the unit tests' coverage of mm/, with gcov
#   make host-threads             the allocator on real threads under ThreadSanitizer
#   make host-bench               how many random operations a second
#   make host-replay              build/host/replay, which replays a state file (tests/host/replay/main.c)
#   make mutants                  wrong changes of mm/: which do the tests notice? FILES='mm/alloc/*'
#                                 SAMPLE=300 SEED=1 JOBS=2 narrow it down

SECONDS ?= 60
JOBS ?=
HOST_NO_TESTS := $(HOST_SUBJECT) $(HOST_BASE)
# Sanitizers know where memory may lie, and newer kernels put it elsewhere; not all may forbid that.
AS_EXPECTED = $$(setarch -R true 2>/dev/null && echo setarch -R)

FUZZ := $(TOP)/fuzz$(if $(filter debug,$(BUILD)),-debug)
FUZZ_O := $(patsubst %.c,$(FUZZ)/obj/%.o,$(HOST_NO_TESTS) tests/host/fuzz/fuzz_alloc.c)
FUZZ_CHECKS := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_FLAGS := -O2 $(HOST_COMMON) $(FUZZ_CHECKS) -mllvm -asan-globals=0 \
	$(if $(filter debug,$(BUILD)),-DLW_DEBUG)
# Only mm/ guides the search, and not by what it compares: there are no magic numbers to find.
$(FUZZ)/obj/mm/%.o: FUZZ_GUIDE := -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp

# The file system stands on the block layer, and that on tasks; it is guided by what it compares.
FUZZ_FS := $(TOP)/fuzz-fs$(if $(filter debug,$(BUILD)),-debug)
FUZZ_FS_O := $(patsubst %.c,$(FUZZ)/obj/%.o,$(filter-out tests/host/twin/main.c $(wildcard tests/host/*/test_*.c),$(HOST_C)) \
	tests/host/fuzz/fuzz_fs.c)
$(FUZZ)/obj/kernel/fs/%.o: FUZZ_GUIDE := -fsanitize=fuzzer-no-link
$(FUZZ)/obj/kernel/task/%.o $(FUZZ)/obj/kernel/dev/%.o $(FUZZ)/obj/tests/host/task/%.o: HOST_MEMORY := '-Dsystem_memory=(*task_memory)'

THREADS := $(TOP)/threads
# Of the block layer what tasks that sleep have no part in.
THREADS_DISK := $(addprefix kernel/dev/block/,tag.c hw_queue.c complete.c merge.c bio.c mempool.c)
THREADS_C := $(HOST_SUBJECT) $(THREADS_DISK) tests/host/twin/host_machine.c tests/host/shim/arch.c \
	$(wildcard tests/host/tsan/*.c)
THREADS_O := $(THREADS_C:%.c=$(THREADS)/%.o)
# The sanitizer does not see what a fence orders: of such words it is told the accesses (READ_ONCE, atomics).
THREADS_CHECKS := -fsanitize=thread -Wno-tsan
# A long history: who read without the lock is known by its stack, also when it read long ago.
THREADS_OPTIONS := suppressions=tests/host/tsan/suppressions.txt print_suppressions=1 history_size=7

BENCH := $(TOP)/bench
BENCH_O := $(patsubst %.c,$(BENCH)/%.o,$(HOST_NO_TESTS) tests/host/bench/bench.c)
# As fast, and with the same objects.
REPLAY := $(TOP)/host/replay
REPLAY_O := $(patsubst %.c,$(BENCH)/%.o,$(HOST_NO_TESTS) tests/host/replay/main.c)

# Mutants that live in the fast build are tried in the checked one as well.
MUTANTS := $(TOP)/mutants
MUTANTS_fast := -O1 -g0 $(HOST_UNSET)
MUTANTS_checked := -O1 -g0 $(HOST_UNSET) -fsanitize=address,undefined -fno-sanitize-recover=all -DLW_DEBUG
MUTANTS_CC = $(filter-out -MMD -MP,gcc $(HOST_COMMON) $(MUTANTS_$1))
FILES ?=
SAMPLE ?=

.PHONY: fuzz fuzz-fs coverage threads-tests host-threads host-bench host-replay mutants

fuzz: $(FUZZ)/fuzz_alloc
	@PYTHONPATH=tests/run $(AS_EXPECTED) $(PY) tests/run/suites/fuzz.py --seconds "$(SECONDS)" --jobs "$(JOBS)" $(FUZZ)

fuzz-fs: $(FUZZ_FS)/fuzz_fs
	@PYTHONPATH=tests/run $(AS_EXPECTED) $(PY) tests/run/suites/fuzz.py --target fuzz_fs --seconds "$(SECONDS)" \
		--jobs "$(JOBS)" $(FUZZ_FS)

coverage: setup
	@$(MAKE) --no-print-directory HOST=$(TOP)/coverage HOST_CHECKS="-O0 --coverage" -s host-tests
	@PYTHONPATH=tests/run $(PY) tests/run/suites/coverage.py $(TOP)/coverage

mutants: setup
	@$(MAKE) --no-print-directory HOST=$(MUTANTS)/fast HOST_CHECKS="$(MUTANTS_fast)" CC=gcc -s host-tests
	@$(MAKE) --no-print-directory HOST=$(MUTANTS)/checked HOST_CHECKS="$(MUTANTS_checked)" CC=gcc -s \
		host-tests
	@PYTHONPATH=tests/run $(PY) tests/run/suites/mutants.py --files "$(FILES)" --sample "$(SAMPLE)" \
		--seed "$(SEED)" --jobs "$(JOBS)" --fast "$(call MUTANTS_CC,fast)" \
		--checked "$(call MUTANTS_CC,checked)" --link "gcc $(HOST_LINK)" \
		--objects "$(HOST_C:%.c=%.o)" $(MUTANTS)

threads-tests: $(THREADS)/threads
	@:

host-threads: $(THREADS)/threads
	@HOST_SEED=$(HOST_SEED) TSAN_OPTIONS="$(THREADS_OPTIONS)" $(AS_EXPECTED) $<

host-bench: $(BENCH)/bench
	@HOST_SEED=$(HOST_SEED) $<

host-replay: $(REPLAY)
	@:

$(FUZZ)/flags: .FORCE | setup
	$(call stamp,$(call version,clang) $(FUZZ_FLAGS))

$(FUZZ)/sources: .FORCE
	$(call stamp,$(FUZZ_O) $(FUZZ_FS_O))

$(FUZZ)/obj/%.o: %.c $(FUZZ)/flags tests/host/builds.mk | setup
	@mkdir -p $(@D)
	@clang $(FUZZ_FLAGS) $(FUZZ_GUIDE) $(HOST_MEMORY) -c $< -o $@

$(FUZZ)/fuzz_alloc: $(FUZZ_O) $(FUZZ)/sources tests/host/twin/params.ld
	@clang -fsanitize=fuzzer $(FUZZ_CHECKS) $(HOST_LINK) $(FUZZ_O) -lcmocka -o $@

$(FUZZ_FS)/fuzz_fs: $(FUZZ_FS_O) $(FUZZ)/sources tests/host/twin/params.ld
	@mkdir -p $(@D)
	@clang -fsanitize=fuzzer $(FUZZ_CHECKS) $(HOST_LINK) $(FUZZ_FS_O) -lcmocka -o $@

$(THREADS)/flags: .FORCE | setup
	$(call stamp,$(call version,gcc) $(HOST_COMMON) $(THREADS_CHECKS))

$(THREADS)/sources: .FORCE
	$(call stamp,$(THREADS_C))

# READ_ONCE() is told apart from other reads: see tsan/main.c.
$(THREADS)/%.o: %.c $(THREADS)/flags tests/host/builds.mk | setup
	@mkdir -p $(@D)
	@gcc -O1 $(HOST_COMMON) $(THREADS_CHECKS) --param tsan-distinguish-volatile=1 -DHOST_THREADS \
		-c $< -o $@

$(THREADS)/threads: $(THREADS_O) $(THREADS)/sources tests/host/twin/params.ld
	@gcc $(THREADS_CHECKS) $(HOST_LINK) $(THREADS_O) -lcmocka -o $@

$(BENCH)/flags: .FORCE | setup
	$(call stamp,$(call version,gcc) $(HOST_COMMON))

$(BENCH)/sources: .FORCE
	$(call stamp,$(BENCH_O) $(REPLAY_O))

$(BENCH)/%.o: %.c $(BENCH)/flags tests/host/builds.mk | setup
	@mkdir -p $(@D)
	@gcc -O2 $(HOST_COMMON) -c $< -o $@

$(BENCH)/bench: $(BENCH_O) $(BENCH)/sources tests/host/twin/params.ld
	@gcc $(HOST_LINK) $(BENCH_O) -lcmocka -o $@

$(REPLAY): $(REPLAY_O) $(BENCH)/sources tests/host/twin/params.ld
	@mkdir -p $(@D)
	@gcc $(HOST_LINK) $(REPLAY_O) -lcmocka -o $@

HOST_READ += $(FUZZ_O:.o=.d) $(FUZZ_FS_O:.o=.d) $(THREADS_O:.o=.d) $(BENCH_O:.o=.d) $(REPLAY_O:.o=.d)
