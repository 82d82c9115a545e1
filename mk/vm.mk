# SPDX-License-Identifier: GPL-2.0-or-later
# The fast path and stories on Debian's kernels, in QEMU: Documentation/vm.md. Not part of check. KERNELS= names versions or
# packages, VM_STORIES= stories of tests/system, PARTS= parts instead of all.

KERNELS    ?= 6.1 6.12
VM_STORIES ?= first_steps.sh names.sh datagrams.sh topology_apply.sh failure.sh traffic.sh crash.sh
PARTS      ?=

.PHONY: vmcheck
vmcheck: all bpf-tests
	@BUILD=$(abspath $(O)) STORIES="$(VM_STORIES)" PARTS="$(PARTS)" tests/vm/check $(KERNELS)
