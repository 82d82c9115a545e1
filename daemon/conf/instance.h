/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One instance of the daemon: its runtime directory, the lock that says it runs, its token. The
 * lock is a POSIX record lock on RUNTIME/vlspd.pid: the kernel drops it with the process, does not
 * hand it to children, and tells who holds it, so a file left by a crash is never believed.
 */
#ifndef VLSP_DAEMON_CONF_INSTANCE_H
#define VLSP_DAEMON_CONF_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/err.h"

#define INSTANCE_TOKEN_SIZE 65	 /* 32 random bytes in hex */
#define INSTANCE_DIR_MODE   0751 /* of the runtime directory: router processes pass through it */
#define INSTANCE_NO_GROUP   ((gid_t)-1)

struct instance;

/* Makes the directory (0751) if there is none, refuses one that others may write in (-EPERM), takes
 * the lock, writes the process id. -EEXIST: another process has it. */
int instance_open(const char *runtime_dir, struct instance **ret_instance, struct err *err);
/* Removes the files of the instance, and the directory if nothing else is in it. clean: the log
 * too; after a failure it stays to be read. keep: a network runs on, so the note of the state
 * directory stays. */
void instance_close(struct instance *instance, bool clean, bool keep); /* NULL is fine */

/* Notes where the state of the instance is, for a clean-up after a crash: RUNTIME/state-dir. */
int instance_state_dir_set(struct instance *instance, const char *state_dir, struct err *err);
/* Reads the note: 0 or -errno. */
int instance_state_dir(const char *runtime_dir, char *buf, size_t size);
/* -EEXIST: routers of the instance are there, and their state is in another directory, so that a
 * daemon with this one would take them for strays. */
int instance_state_dir_check(const char *runtime_dir, const char *state_dir, struct err *err);

/* Number of a group: *ret_gid is INSTANCE_NO_GROUP if there is none of that name, or we may not
 * give files to it; must: that is an error then. */
int instance_group(const char *setting, const char *name, bool must, gid_t *ret_gid,
		   struct err *err);
/* Lets group read the process id and the log (INSTANCE_NO_GROUP: nobody more). */
int instance_share(struct instance *instance, gid_t group, struct err *err);
/* Router processes, which are other users', reach RUNTIME/router.sock: a directory that was there
 * (mktemp -d makes them 0700) gets o+x, which lists nothing. 0 or -errno. */
int instance_searchable(struct instance *instance, struct err *err);
/* Makes RUNTIME/NAME (0640, of group), NAME being "token" or "token.readonly", and returns its
 * text. */
int instance_token(struct instance *instance, const char *name, gid_t group,
		   char token[INSTANCE_TOKEN_SIZE], struct err *err);

/* Who runs there: 1 and *ret_pid, 0: nobody, or -errno. */
int instance_find(const char *runtime_dir, pid_t *ret_pid, struct err *err);
/* Whether there are files of a run that did not end by itself. To be asked when nobody runs there.
 */
bool instance_crashed(const char *runtime_dir);
/* mkdir -p; the mode, whatever the umask is, for what is made. */
int instance_make_dir(const char *path, mode_t mode, struct err *err);

#endif
