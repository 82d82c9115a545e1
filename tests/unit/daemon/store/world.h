/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of daemon/store share: a directory of their own, a network to write into it, and
 * comparing what was read with what was written. */
#ifndef VLSP_TESTS_STORE_WORLD_H
#define VLSP_TESTS_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/store/store.h"
#include "daemon/store/store_priv.h"
#include "lib/base/cleanup.h"

struct world {
	char top[64];	 /* made by mkdtemp(3) */
	char memory[64]; /* another, in /dev/shm; "" : none */
	char dir[80];	 /* the state directory in it */
	char path[100];	 /* of vlsp.db */
	struct store *store;
	struct err err;
};

int world_open(void **state);  /* setup: a directory, nothing in it */
int world_close(void **state); /* teardown */

void world_start(struct world *w); /* opens the store, which must work */
void world_stop(struct world *w, bool remove);
/* Opens and loads; -errno of whichever refused, with w->err. On success to be freed. */
int world_load(struct world *w, struct store_content **ret_content);
/* Runs SQL on the file by another connection (store closed or not). */
void world_sql(struct world *w, const char *sql);
int64_t world_number(struct world *w, const char *sql);
bool world_has(const struct world *w, const char *name);

/* Routers 1 .. n in a line, with all fields filled; labels and arrays are owned. */
struct net {
	struct model_topology topology;
	struct store_router *routers;
	size_t router_count;
	struct store_link *links;
	size_t link_count;
	struct store_app *apps; /* one a router */
	size_t app_count;
	struct store_removed removed[1];
	struct store_op op;
};
void net_make(struct net *net, uint32_t n);
void net_free(struct net *net);
struct store_change net_change(const struct net *net);
/* Writes all of it as operation op_id. */
void net_write(struct world *w, struct net *net, uint64_t op_id);
void assert_same(const struct store_content *content, const struct net *net);

#endif
