# The explorer of interleavings (tests/host/explore/explore.h). Included by tests/host/host.mk.
#
#   make explore                              every scenario to its bound, a table
#   make explore SCENARIO=first-lock [BOUND=3 SECONDS=60 JOBS=2]
#   make explore SCENARIO=first-lock TOKEN='...'   one schedule, step by step
#   make explore-test                         quick bounds, the plants, the guest's places: TAP
#   make explore-plants                       the programs with plants in them, which that builds as well

EXPLORE := $(TOP)/explore
# What only ever one has a part in is left out: a machine that is set up, or shaped to a report.
EXPLORE_SUBJECT := $(filter-out mm/setup/mm_boot.c mm/replay/%,$(wildcard mm/*/*.c)) \
	$(addprefix kernel/core/,lock/lock.c lock/notifier.c sched/process.c sched/work.c \
	log/format.c log/ratelimit.c log/event_text.c param.c nearest.c)
EXPLORE_MODEL := $(addprefix tests/host/explore/,model/tasks.c model/cpus.c) \
	$(wildcard tests/host/explore/scenarios/*.c)
EXPLORE_TWIN := tests/host/twin/host_machine.c
EXPLORE_ENGINE := $(wildcard tests/host/explore/*.c) tests/host/explore/model/console.c
EXPLORE_SEEN_O := $(patsubst %.c,$(EXPLORE)/%.o,$(EXPLORE_SUBJECT) $(EXPLORE_MODEL))
EXPLORE_O := $(EXPLORE_SEEN_O) $(patsubst %.c,$(EXPLORE)/%.o,$(EXPLORE_TWIN) $(EXPLORE_ENGINE))

EXPLORE_COMMON := -std=gnu11 -O2 -g -fno-var-tracking -Wall -Wextra -Werror -fno-omit-frame-pointer -fno-pie \
	-fno-strict-aliasing -Itests/host/explore/shim -Itests/host/twin -Itests/host -I. -MMD -MP
# Every access calls us; what would be expanded without a call is called by our names. A fence is nothing here.
EXPLORE_SEEN := -fsanitize=thread -Wno-tsan --param tsan-instrument-func-entry-exit=0 \
	-fno-builtin -Dmemset=explore_memset -Dmemcpy=explore_memcpy -Dmemmove=explore_memmove

EXPLORE_LINK := gcc -no-pie -Wl,-T,tests/host/twin/params.ld

BOUND ?=
PART ?=
TOKEN ?=
EXPLORE_SECONDS := $(if $(filter file,$(origin SECONDS)),,$(SECONDS))
EXPLORE_RUN = @PYTHONPATH=tests/run $(PY) tests/run/suites/explore.py

.PHONY: explore explore-test explore-plants

explore: $(EXPLORE)/explore
	$(EXPLORE_RUN) run $(EXPLORE) --scenario "$(SCENARIO)" --bound "$(BOUND)" \
		--seconds "$(EXPLORE_SECONDS)" --token "$(TOKEN)" --jobs "$(JOBS)" \
		--results $(TOP)/results/explore

EXPLORE_BUILD = --link="$(EXPLORE_LINK)" --objects="$(EXPLORE_O)" --compile="gcc $(EXPLORE_COMMON) $(EXPLORE_SEEN)"

explore-test: $(EXPLORE)/explore image-debug
	$(EXPLORE_RUN) test $(EXPLORE) --jobs "$(JOBS)" --part "$(PART)" $(EXPLORE_BUILD)

explore-plants: $(EXPLORE)/explore
	$(EXPLORE_RUN) plants $(EXPLORE) --jobs "$(JOBS)" $(EXPLORE_BUILD)

$(EXPLORE_SEEN_O): EXPLORE_OWN := $(EXPLORE_SEEN)
$(EXPLORE)/tests/host/twin/%.o: EXPLORE_OWN := -Dmmap=arena_mmap -Dmunmap=arena_munmap \
	-Daligned_alloc=arena_alloc -Dfree=arena_free

$(EXPLORE)/flags: .FORCE
	$(call stamp,$(call version,gcc) $(EXPLORE_COMMON) $(EXPLORE_SEEN))

$(EXPLORE)/sources: .FORCE
	$(call stamp,$(EXPLORE_O))

$(EXPLORE)/%.o: %.c $(EXPLORE)/flags tests/host/explore/explore.mk
	@mkdir -p $(@D)
	@gcc $(EXPLORE_COMMON) $(EXPLORE_OWN) -c $< -o $@

$(EXPLORE)/explore: $(EXPLORE_O) $(EXPLORE)/sources
	@$(EXPLORE_LINK) $(EXPLORE_O) -lcmocka -o $@

HOST_READ += $(EXPLORE_O:.o=.d)
