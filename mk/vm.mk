# SPDX-License-Identifier: GPL-2.0-or-later
# The fast path and stories on Debian's kernels, in QEMU: Documentation/vm.md. Not part of check. KERNELS= names versions or
# packages, VM_STORIES= stories of tests/system, PARTS= parts instead of all.

KERNELS    ?= 6.1 6.12
VM_STORIES ?= first_steps.sh names.sh datagrams.sh topology_apply.sh failure.sh traffic.sh crash.sh
# Units of the back end that do much with the kernel: tests/unit/daemon/host/test_local_NAME.c
VM_UNITS   ?= intercept object app tcx tcx_marks
PARTS      ?=

.PHONY: vmcheck
vm_units := $(VM_UNITS:%=$(O)/tests/unit/daemon/host/test_local_%)
vmcheck: all bpf-tests $(vm_units)
	@BUILD=$(abspath $(O)) UNITS="$(abspath $(vm_units))" STORIES="$(VM_STORIES)" PARTS="$(PARTS)" tests/vm/check $(KERNELS)
