/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of routers' namespaces: RUNTIME/netns/NAME, bind mounts on a tmpfs of our own, so that all
 * can go by one umount. The default instance has symbolic links to them at /run/netns/NAME, where
 * ip-netns(8) looks. Only names that stand in the journal are ever removed: the rest is somebody
 * else's, and as long as there is any, so is the tmpfs. Thread-safe for different names.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_NAMES_H
#define VLSP_DAEMON_HOST_LOCAL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/host/local_journal.h"
#include "lib/base/err.h"

struct local_names {
	struct local_journal *journal; /* the caller's, set before names are made or removed */
	char *dir;		       /* RUNTIME/netns */
	bool public;		       /* links at /run/netns, too */
	bool mounted;		       /* the tmpfs is there, and ours */
};

int local_names_init(struct local_names *names, const char *runtime_dir, bool public);
/* keep: everything stays. Otherwise all names go, and the directories that were made, also by an
 * earlier run, if nothing else is in them. */
void local_names_done(struct local_names *names, bool keep);

/* Makes the directories and the tmpfs if they are not there. To be called before names are added.
 */
int local_names_prepare(struct local_names *names, struct err *err);
/* Enters names into the journal, to be called before they are added. 0 or -errno. */
int local_names_note(const struct local_names *names, const char *const *list, size_t count);
/* Strikes those out that are gone; what is still there stays in it. A symbolic link to one that has
 * gone goes. 0 or -errno. */
int local_names_strike(const struct local_names *names, const char *const *list, size_t count);
/* Strikes out of the journal what is not there: a daemon was killed just before it made it, or just
 * after it removed it. */
void local_names_tidy(const struct local_names *names);
/* Names the namespace of the calling thread. -EEXIST when that name is somebody's. */
int local_names_add(const struct local_names *names, const char *name, struct err *err);
/* Tries for up to 0.1 s. 0, also where there is none or it is not ours, or -errno: it stays. */
int local_names_del(const struct local_names *names, const char *name);
/* Removes all names at once. 0 or -errno: some stay. */
int local_names_drop(struct local_names *names);
/* 0, -ENOENT (no such name) or -ENAMETOOLONG. */
int local_names_path(const struct local_names *names, const char *name, char *buf, size_t size);
/* The namespace's inode number, 0: there is none (of that name, or none is bound to it). */
unsigned long local_names_inode(const struct local_names *names, const char *name);
/* Whether there is a file of that name, a namespace or not. */
bool local_names_exists(const struct local_names *names, const char *name);
/* The symbolic link to that name is missing, and nothing else has its place. */
bool local_names_unpublished(const struct local_names *names, const char *name);
/* The path of a symbolic link is one of ours to a name that is not there. */
bool local_names_dangles(const struct local_names *names, const char *link);
/* Makes it. 0 or -errno. */
int local_names_publish(const struct local_names *names, const char *name);
/* Calls fn for each name there is. */
void local_names_each(const struct local_names *names, void (*fn)(void *arg, const char *name),
		      void *arg);

#endif
