/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eBPF objects that users bring as network functions: read, verified by the kernel, and pinned with
 * their maps in a directory of their own, so that bpftool finds them. By any thread.
 */
#ifndef VLSP_BPF_LOADER_USER_H
#define VLSP_BPF_LOADER_USER_H

#include <stdint.h>

#include "bpf/loader/loader.h"
#include "lib/base/err.h"

/*
 * Loads the program of that name of the ELF object at path; NULL: the only one that it has. Pins it
 * as DIR/prog, and its maps as DIR/MAP; dir is below that of the instance's pins, and is made. *ret
 * _prog is the caller's. -EINVAL: the object is not one that can be a function; -ENOENT, -EACCES
 * (path, or the verifier), ... ; err says what. Nothing is left of a failure.
 */
int bld_user_load(const char *path, const char *program, const char *dir,
		  const struct bld_journal *journal, int *ret_prog, struct err *err);
/* Removes the pins of dir that stand in the journal, and dir, if it is empty then. */
void bld_user_remove(const char *dir, const struct bld_journal *journal);

#endif
