/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of routers' namespaces: RUNTIME/netns/NAME, bind mounts on a tmpfs of our own, so that all
 * can go by one umount. The default instance has symbolic links to them at /run/netns/NAME, where
 * ip-netns(8) looks. Thread-safe for different names.
 */
#ifndef VLSP_DAEMON_HOST_LOCAL_NAMES_H
#define VLSP_DAEMON_HOST_LOCAL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct local_names {
	char *dir;    /* RUNTIME/netns */
	bool public;  /* links at /run/netns, too */
	bool mounted; /* the tmpfs is there */
	bool made_dir, made_public;
};

int local_names_init(struct local_names *names, const char *runtime_dir, bool public);
/* Removes the directories that were made, also by a run that crashed, when empty. */
void local_names_done(struct local_names *names);

/* Makes the directories and the tmpfs if they are not there. To be called before names are added.
 */
int local_names_prepare(struct local_names *names, struct err *err);
/* Names the namespace of the calling thread. -EEXIST when that name is somebody's. */
int local_names_add(const struct local_names *names, const char *name, struct err *err);
void local_names_del(const struct local_names *names, const char *name);
/* Removes all names at once. */
void local_names_drop(struct local_names *names);
/* 0, -ENOENT (no such name) or -ENAMETOOLONG. */
int local_names_path(const struct local_names *names, const char *name, char *buf, size_t size);
/* The namespace's inode number, 0: there is none. */
unsigned long local_names_inode(const struct local_names *names, const char *name);
/* Calls fn for each name there is. */
void local_names_each(const struct local_names *names, void (*fn)(void *arg, const char *name),
		      void *arg);

#endif
