/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal: RUNTIME/journal, text, one line a thing that this instance has made in the kernel or
 * the file system, appended before it is made, so that cleaning up needs neither a daemon nor
 * guesses. It lies where things live that end with the machine's run. Lines:
 *
 *   vlsp-journal 1 INSTANCE
 *   + netns NAME          RUNTIME/netns/NAME; its lo has the alias vlsp:INSTANCE/NAME
 *   + link /run/netns/NAME     a symbolic link to the above
 *   + pin PATH ID         a BPF map or program (kernel's id)
 *   + cgroup PATH         a directory
 *   + mount PATH
 *   + file PATH
 *   + iface ..., + tap ...	what routers have of the host's (local_iface.h)
 *   - KIND WHAT           it is gone
 *
 * Read by local_stale.c (vlspd clean, and the next start) and packaging/vlsp-clean.sh.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_JOURNAL_H
#define VLSP_DAEMON_HOST_LOCAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct local_journal;

/* Opens or makes the file (0600) and reads what stands in it. A torn last line is dropped; any
 * other line that makes no sense is kept in the file and counted in *ret_bad. Thread-safe below. */
int local_journal_open(const char *runtime_dir, const char *instance,
		       struct local_journal **ret_journal, size_t *ret_bad, struct err *err);
/* remove: the file goes too, when nothing stands in it. NULL is fine. */
void local_journal_close(struct local_journal *journal, bool remove);
/* Forgets lines that make no sense: after all has been cleaned up without them. */
void local_journal_drop_bad(struct local_journal *journal);

/* Several lines are one write. 0 or -errno: then the thing must not be made. */
int local_journal_add(struct local_journal *journal, const char *kind, const char *const *what,
		      size_t count);
int local_journal_del(struct local_journal *journal, const char *kind, const char *const *what,
		      size_t count);
bool local_journal_has(const struct local_journal *journal, const char *kind, const char *what);
void local_journal_each(const struct local_journal *journal, const char *kind,
			void (*fn)(void *arg, const char *what), void *arg);
/* Rewrites the file to what stands, by a new file and rename(2). */
int local_journal_compact(struct local_journal *journal);

#endif
