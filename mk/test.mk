# SPDX-License-Identifier: GPL-2.0-or-later
# Tests. check = packages, lint, units and whole-controller tests under ASan and UBSan, fuzzing (briefly),
# BPF programs, stories in namespaces. UNIT= narrows units to paths that contain it, STORY= names stories,
# FUZZ_SECONDS= says how long each fuzz target runs (run-fuzz), RUNS= how often all of them together (fuzz).

UNIT         ?=
STORY        ?=
FUZZ_SECONDS ?= 5
RUNS         ?= 10000000
JOBS         ?= $(shell nproc)
STORY_JOBS   ?= 1

UNIT_SRCS := $(sort $(shell find tests/unit -name 'test_*.c' 2>/dev/null))
ifneq ($(UNIT),)
UNIT_SRCS := $(foreach s,$(UNIT_SRCS),$(if $(findstring $(UNIT),$(s)),$(s)))
endif
# What several tests of one directory share: tests/unit/DIR/*.c that are not test_*.c.
UNIT_LIB  := $(sort $(shell find tests/unit -name '*.c' ! -name 'test_*' 2>/dev/null))
UNIT_OBJS := $(UNIT_LIB:%.c=$(O)/%.o)
UNIT_BINS := $(UNIT_SRCS:%.c=$(O)/%)
BPF_BINS  := $(patsubst %.c,$(O)/%,$(wildcard tests/bpf/test_*.c))
FUZZ_BINS := $(patsubst %.c,$(O)/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_BINS := $(patsubst %.c,$(O)/%,$(filter-out %.bpf.c,$(wildcard tests/bench/*.c))) $(O)/tests/bench/sink.bpf.o $(O)/tests/bpf/hop_cost
CHAOS_SHIM := $(O)/tests/chaos/faults.so

# Without optimization: what is tested is not in these files, and they are half of what there is to compile.
UNIT_CFLAGS := $(if $(filter asan,$(MODE)),-O0)
unit_shared = $(filter $(1)/%,$(UNIT_OBJS))

$(O)/tests/unit/%.o: tests/unit/%.c
	$(call say,TEST,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

.SECONDEXPANSION:
$(UNIT_BINS): $(O)/tests/unit/%: tests/unit/%.c $$(call unit_shared,$$(@D)) $(LIB)
	$(call say,TEST,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(UNIT_CFLAGS) -MMD -MP $< \
		$(call unit_shared,$(@D)) $(LIB) $(LDFLAGS) $(LDLIBS_test) -o $@

$(O)/tests/bpf/%: tests/bpf/%.c $(LIB)
	$(call say,TEST,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $< $(LIB) $(LDFLAGS) $(LDLIBS_test) -o $@
# A target may put functions of its own in place of those of the archive or of libc: the first one counts.
$(O)/tests/fuzz/%: tests/fuzz/%.c $(LIB)
	$(call say,FUZZ,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer -MMD -MP $< $(LIB) -Wl,-z,muldefs $(LDFLAGS) $(LDLIBS_test) -o $@
$(O)/tests/bench/%.bpf.o: tests/bench/%.bpf.c
	$(call say,BPF,$<)mkdir -p $(@D) && $(CLANG) $(BPF_CFLAGS) -c $< -o $@
$(O)/tests/bench/%: tests/bench/%.c
	$(call say,BENCH,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $< -o $@

.PHONY: deps check lint units run-units bpf-tests bpf-check fuzzers run-fuzz fuzz system bench demo
deps:
	@tests/deps

lint:
	@tests/lint/run

units: $(UNIT_BINS)
run-units: $(UNIT_BINS)
	@JOBS=$(JOBS) RUNNER="$(RUNNER)" tests/run-units $(UNIT_BINS)

bpf-tests: $(BPF_BINS) $(O)/tests/bpf/fuzz_bpf $(O)/tests/bpf/load $(O)/tests/bpf/pass $(BENCH_BINS)
bpf-check: bpf-tests
	@JOBS=$(JOBS) tests/run-units $(BPF_BINS)
	@$(O)/tests/bpf/fuzz_bpf -runs=1000000
	@BUILD=$(abspath $(O)) tests/bpf/chain.sh
	@BUILD=$(abspath $(O)) tests/bpf/function.sh

# These run the real processes.
$(filter $(O)/tests/unit/daemon/host/% $(O)/tests/unit/daemon/relay/% $(O)/tests/unit/daemon/supervisor/%,$(UNIT_BINS)): | \
	$(O)/vlsp-router $(O)/vlsp-relay $(O)/vlsp-supervisor $(O)/apps/pass

fuzzers: $(FUZZ_BINS)
run-fuzz: $(FUZZ_BINS)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) JOBS=$(JOBS) tests/fuzz/run $(FUZZ_BINS)
# By hand, from any MODE: builds and runs the fuzz targets for RUNS executions.
fuzz:
	@$(MAKE) --no-print-directory -j$(JOBS) MODE=fuzz fuzzers
	@$(MAKE) --no-print-directory -j$(JOBS) build/tests/bpf/fuzz_bpf
	@RUNS=$(RUNS) JOBS=$(JOBS) tests/fuzz/run build/tests/bpf/fuzz_bpf \
		$(patsubst %.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

system: all $(BENCH_BINS) $(CHAOS_SHIM)
	@BUILD=$(abspath $(O)) JOBS=$(STORY_JOBS) tests/system/run $(STORY)

check: deps
	@tests/check $(JOBS)

# Only for people and nightly runs, but for a short one in tests/system/chaos.sh.
SEED   ?=
ROUNDS ?= 10
$(CHAOS_SHIM): tests/chaos/faults.c
	$(call say,SHIM,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) -O2 -Wall -Wextra -Werror -fPIC -shared $< -o $@ -ldl
.PHONY: chaos soak
chaos: all $(CHAOS_SHIM)
	@BUILD=$(abspath $(O)) SEED=$(SEED) ROUNDS=$(ROUNDS) tests/chaos/chaos.sh $(CHAOS_OPTIONS)
# Before a release, on a machine that does nothing else.
CYCLES ?= 10000
PARTS  ?=
soak: all $(CHAOS_SHIM)
	@BUILD=$(abspath $(O)) CYCLES=$(CYCLES) PARTS="$(PARTS)" tests/soak/soak.sh

bench: all $(BENCH_BINS)
	@BUILD=$(abspath $(O)) tests/bench/run

demo: deps
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@BUILD=$(abspath $(O)) tests/demo

-include $(UNIT_BINS:=.d) $(UNIT_OBJS:.o=.d) $(BPF_BINS:=.d) $(FUZZ_BINS:=.d)
