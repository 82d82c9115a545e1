/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the start of an application consists of, and how it is written into the memory that goes
 * with APP_START (app.h): the head, gids, sizes of files, strings each with its NUL, contents of
 * files. The daemon encodes, the supervisor decodes.
 */
#ifndef VLSP_LIB_WIRE_APP_CODEC_H
#define VLSP_LIB_WIRE_APP_CODEC_H

#include <stddef.h>
#include <stdint.h>

#define APP_SPEC_MAX (16u << 20) /* bytes of it all */
#define APP_LIST_MAX 1024	 /* members of one list */

enum app_list { APP_ARGS, APP_ENV, APP_GROUPS, APP_HIDE, APP_LISTS };
enum app_text { APP_PROGRAM, APP_DIR, APP_NETNS, APP_HOSTS, APP_SHOW, APP_TEXTS };

struct app_head {
	uint32_t id, router_id, slot;
	uint32_t reserved;
	uint32_t uid, gid;
	uint32_t restart, ready; /* enum topo_app_restart, topo_app_ready */
	uint32_t grace_ms, log_bytes;
	uint32_t pids;	 /* processes of that user at once */
	uint32_t rights; /* 1: keeps caps, and may set the network's parameters */
	uint64_t caps;
	uint64_t netns; /* inode of the namespace that is meant */
	uint32_t gid_count, file_count;
	uint32_t counts[APP_LISTS];
};

struct app_file {
	const char *path;
	const void *content;
	uint32_t size, mode;
};

struct app_spec {
	struct app_head head;
	/* PROGRAM: a path; DIR: working directory; NETNS: path of the router's namespace; HOSTS:
	 * what lies over /etc/hosts, "" : nothing; SHOW: a directory that it sees in any case,
	 * "" : none */
	const char *texts[APP_TEXTS];
	/* ARGS with the program's name; GROUPS: control group directories to join; HIDE:
	 * directories that it does not see. Each ends with NULL. */
	const char *const *lists[APP_LISTS];
	const uint32_t *gids; /* supplementary groups */
	const struct app_file *files;
};

/* counts of the head are set by it, from the lists. *ret_data is to be freed. 0, -E2BIG, -ENOMEM.
 */
int app_spec_encode(const struct app_spec *spec, void **ret_data, size_t *ret_size);
/* Strings and contents stay in data, which must outlive it; *ret_spec is one block, to be freed. 0,
 * -EPROTO, -ENOMEM. data is aligned to 8 bytes. */
int app_spec_decode(const void *data, size_t size, struct app_spec **ret_spec);

#endif
