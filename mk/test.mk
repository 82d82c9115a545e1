# SPDX-License-Identifier: GPL-2.0-or-later
# Tests. check = lint, units and whole-controller tests under ASan and UBSan, fuzzing (briefly), BPF
# programs, stories in namespaces. UNIT= narrows units to paths that contain it.

UNIT ?=
UNIT_SRCS := $(if $(UNIT),$(foreach s,$(shell find tests/unit -name 'test_*.c' 2>/dev/null),$(if $(findstring $(UNIT),$(s)),$(s))),$(shell find tests/unit -name 'test_*.c' 2>/dev/null | sort))
UNIT_BINS := $(UNIT_SRCS:%.c=$(O)/%)
BPF_TESTS := $(patsubst %.c,$(O)/%,$(wildcard tests/bpf/test_*.c))
FUZZ_BINS := $(patsubst %.c,$(O)/%,$(wildcard tests/fuzz/fuzz_*.c))

$(O)/tests/unit/% $(O)/tests/bpf/%: $(O)/obj/tests/.dir
$(O)/obj/tests/.dir:
	@mkdir -p $(@D) && touch $@

$(O)/tests/unit/%: tests/unit/%.c $(LIB)
	$(call say,TEST,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $< $(LIB) $(LDFLAGS) $(LDLIBS_test) -o $@
$(O)/tests/bpf/%: tests/bpf/%.c $(LIB)
	$(call say,TEST,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP $< $(LIB) $(LDFLAGS) $(LDLIBS_test) -o $@
$(O)/tests/fuzz/%: tests/fuzz/%.c $(LIB)
	$(call say,FUZZ,$<)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer -MMD -MP $< $(LIB) $(LDFLAGS) $(LDLIBS_test) -o $@

.PHONY: units run-units bpf-tests fuzzers
units: $(UNIT_BINS)
run-units: units
	@tests/run-units $(UNIT_BINS)
bpf-tests: $(BPF_TESTS)
fuzzers: $(FUZZ_BINS)

-include $(UNIT_BINS:=.d) $(BPF_TESTS:=.d) $(FUZZ_BINS:=.d)
