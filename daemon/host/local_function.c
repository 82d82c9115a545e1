// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The chains of routers, and which application has which function in them. Called by
 * local_intercept.c, local_object.c, local_app.c, local_batch.c, local.c.
 */
#include "daemon/host/local_function.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bpf/loader/functions.h"
#include "daemon/host/local_priv.h"
#include "include/shared/vdp.h"
#include "lib/base/log.h"

#define QUEUES_MAX (256u << 20) /* bytes of all functions' queues */

struct local_functions {
	struct local *local;
	size_t bytes; /* of queues */
	struct {
		uint32_t app; /* 0: the index is free */
		uint32_t slot;
		size_t bytes;
		uint32_t from; /* whose program still has it, which was handed over; 0 */
		bool changed;  /* app may not want it */
		bool opened;   /* by the program that app has now */
	} by[VLSP_FN_MAX];
};

int local_functions_open(struct local *local, struct local_functions **ret_functions)
{
	struct local_functions *functions = calloc(1, sizeof(*functions));

	if (!functions)
		return -ENOMEM;
	functions->local = local;
	*ret_functions = functions;
	return 0;
}

void local_functions_close(struct local_functions *functions)
{
	free(functions);
}

static void chain_lock(const struct local_functions *functions)
{
	pthread_mutex_lock(&functions->local->bld_lock);
}

static void chain_unlock(const struct local_functions *functions)
{
	pthread_mutex_unlock(&functions->local->bld_lock);
}

/* An empty one where there is none. */
static int chain_read(const struct local_functions *functions, uint32_t slot,
		      struct vlsp_chain *chain)
{
	int r = bld_chain_read(functions->local->bld, slot, chain);

	if (r == -ENOENT)
		*chain = (struct vlsp_chain){0};
	return r == -ENOENT ? 0 : r;
}

/* --- segments that have to be packets --------------------------------------------------------- */

struct cuts {
	uint32_t count;
	struct vlsp_match match[VLSP_CUT_MAX];
};

static void cuts_add(void *arg, uint32_t slot, const struct vlsp_fn *fn)
{
	const struct vlsp_match *match = &fn->match;
	struct cuts *cuts = arg;

	(void)slot;
	if (fn->kind != VLSP_FN_RING)
		return;
	if (match->flags & VLSP_MATCH_PROTOCOL && match->protocol != VDP_PROTO_TCP &&
	    match->protocol != VDP_PROTO_UDP)
		return; /* never large */
	if (cuts->count < VLSP_CUT_MAX)
		cuts->match[cuts->count] = *match;
	cuts->count++;
}

/* Lock held. */
static int cuts_write(const struct local_functions *functions)
{
	struct cuts *cuts = calloc(1, sizeof(*cuts));
	int r = -ENOMEM;

	if (cuts) {
		local_function_each(functions, cuts_add, cuts);
		r = bld_cut_set(functions->local->bld, cuts->match, cuts->count);
	}
	free(cuts);
	return r;
}

void local_function_each(const struct local_functions *functions,
			 void (*fn)(void *arg, uint32_t slot, const struct vlsp_fn *function),
			 void *arg)
{
	for (uint32_t index = 0; index < VLSP_FN_MAX; index++) {
		struct vlsp_chain chain;

		if (!functions->by[index].app ||
		    chain_read(functions, functions->by[index].slot, &chain) < 0)
			continue;
		for (uint32_t i = 0; i < chain.count; i++)
			if (chain.fn[i].index == index)
				fn(arg, functions->by[index].slot, &chain.fn[i]);
	}
}

/* --- indices ---------------------------------------------------------------------------------- */

int local_function_take(struct local_functions *functions, uint32_t app, uint32_t slot,
			size_t bytes, uint32_t *ret_index, struct err *err)
{
	if (functions->bytes + bytes > QUEUES_MAX)
		return err_set(err, ENOSPC,
			       "queue: the queues of all functions have at most %u MiB together",
			       QUEUES_MAX >> 20);
	for (uint32_t index = 0; index < VLSP_FN_MAX; index++) {
		if (functions->by[index].app)
			continue;
		functions->by[index].app = app;
		functions->by[index].slot = slot;
		functions->by[index].bytes = bytes;
		functions->bytes += bytes;
		*ret_index = index;
		return 0;
	}
	return err_set(err, ENOSPC, "there are %d functions, as many as can be", VLSP_FN_MAX);
}

bool local_function_owns(const struct local_functions *functions, uint32_t app, uint32_t index)
{
	return index < VLSP_FN_MAX && app && functions->by[index].app == app;
}

/* Lock held; no chain names it. */
static void index_free(struct local_functions *functions, uint32_t index)
{
	bld_fn_clear(functions->local->bld, index);
	functions->bytes -= functions->by[index].bytes;
	memset(&functions->by[index], 0, sizeof(functions->by[index]));
}

static uint32_t chain_find(const struct vlsp_chain *chain, uint32_t index)
{
	uint32_t i = 0;

	while (i < chain->count && chain->fn[i].index != index)
		i++;
	return i;
}

static void chain_del(struct vlsp_chain *chain, uint32_t at)
{
	chain->count--;
	memmove(&chain->fn[at], &chain->fn[at + 1], (chain->count - at) * sizeof(chain->fn[0]));
	memset(&chain->fn[chain->count], 0, sizeof(chain->fn[0]));
}

/* Lock held. A router that has gone took its chain along. */
static void leave(struct local_functions *functions, uint32_t index)
{
	uint32_t slot = functions->by[index].slot, at;
	struct vlsp_chain chain;
	int r = chain_read(functions, slot, &chain);

	at = r == 0 ? chain_find(&chain, index) : 0;
	if (r == 0 && at < chain.count) {
		chain_del(&chain, at);
		r = bld_chain_set(functions->local->bld, slot, &chain);
	}
	if (r < 0 && r != -ENOENT)
		log_error("function %u stays in the chain of slot %u: %s", index, slot,
			  strerror(-r));
	index_free(functions, index);
}

static void cuts_follow(const struct local_functions *functions)
{
	int r = cuts_write(functions);

	if (r < 0)
		log_error("which segments functions want: %s", strerror(-r));
}

void local_function_leave(struct local_functions *functions, uint32_t index)
{
	chain_lock(functions);
	leave(functions, index);
	cuts_follow(functions);
	chain_unlock(functions);
}

/* --- entering --------------------------------------------------------------------------------- */

int local_function_edge(const struct local_functions *functions, uint32_t slot, uint32_t *ret_edge)
{
	struct vlsp_router record;
	int r = bld_router_read(functions->local->bld, slot, &record);

	if (r == 0)
		*ret_edge = record.edge;
	return r;
}

static int end_resolve(int sock, const char *word, const char name[16], uint32_t *ret_port,
		       struct err *err)
{
	struct ifreq request = {0};

	if (!name[0])
		return 0; /* the edge: local_function_enter() */
	memcpy(request.ifr_name, name, 16);
	if (ioctl(sock, SIOCGIFINDEX, &request) < 0) {
		if (errno != ENODEV)
			return err_errno(err, errno, "%s %s", word, name);
		return err_set(err, ENOENT, "match: %s %s: the router has no such link end", word,
			       name);
	}
	*ret_port = (uint32_t)request.ifr_ifindex;
	return 0;
}

int local_function_resolve(int sock, const struct topo_match *match, struct vlsp_fn *fn,
			   struct err *err)
{
	int r;

	fn->match = match->match;
	memcpy(fn->from, match->from, sizeof(fn->from));
	memcpy(fn->to, match->to, sizeof(fn->to));
	r = end_resolve(sock, "from", fn->from, &fn->match.from, err);
	return r == 0 ? end_resolve(sock, "to", fn->to, &fn->match.to, err) : r;
}

/* Other devices of the router than its ends of links are no ports. */
static int port_check(const struct local_functions *functions, uint32_t slot, const char *word,
		      const char *name, uint32_t port, struct err *err)
{
	struct vlsp_port record;

	if (!name[0])
		return 0;
	if (bld_port_read(functions->local->bld, port, &record) < 0 || record.slot != slot)
		return err_set(err, ENOENT, "match: %s %s: that is no link end", word, name);
	return 0;
}

static int ends_check(const struct local_functions *functions, uint32_t slot, struct vlsp_fn *fn,
		      struct err *err)
{
	uint32_t edge = 0;
	int r = local_function_edge(functions, slot, &edge);

	if (r < 0)
		return err_set(err, ESRCH, "the router has gone");
	if (fn->match.flags & VLSP_MATCH_FROM && !fn->from[0])
		fn->match.from = edge;
	if (fn->match.flags & VLSP_MATCH_TO && !fn->to[0])
		fn->match.to = edge;
	r = port_check(functions, slot, "from", fn->from, fn->match.from, err);
	if (r == 0)
		r = port_check(functions, slot, "to", fn->to, fn->match.to, err);
	return r;
}

static bool is_same(const struct vlsp_fn *x, const struct vlsp_fn *y)
{
	return x->app == y->app && x->order == y->order &&
	       memcmp(&x->match, &y->match, sizeof(x->match)) == 0;
}

/* The index of that of an earlier run, which has gone from the chain; VLSP_FN_MAX: there is none. A
 * program may want the same several times. */
static uint32_t replaced_by(const struct local_functions *functions, struct vlsp_chain *chain,
			    const struct vlsp_fn *fn)
{
	for (uint32_t i = 0; i < chain->count; i++) {
		uint32_t index = chain->fn[i].index;

		if (!is_same(&chain->fn[i], fn) || functions->by[index].opened)
			continue;
		chain_del(chain, i);
		return index;
	}
	return VLSP_FN_MAX;
}

/* 0: nobody wants it. */
static uint32_t place_of(const struct local_functions *functions, uint32_t app)
{
	const struct host_app_events *events = &functions->local->host.events.apps;

	return events->place ? events->place(events->arg, app) : app;
}

static bool is_before(const struct local_functions *functions, const struct vlsp_fn *x,
		      const struct vlsp_fn *y)
{
	uint32_t place_x = place_of(functions, x->app), place_y = place_of(functions, y->app);

	if (x->order != y->order)
		return x->order < y->order;
	if (place_x != place_y)
		return place_x < place_y;
	/* Those that its program has not opened again yet come behind those that it has. */
	return !(x->flags & VLSP_FN_DEAD) && y->flags & VLSP_FN_DEAD;
}

/* Those that are equal stay as they are: by age. */
static void chain_sort(const struct local_functions *functions, struct vlsp_chain *chain)
{
	for (uint32_t i = 1; i < chain->count; i++) {
		struct vlsp_fn fn = chain->fn[i];
		uint32_t at = i;

		for (; at > 0 && is_before(functions, &fn, &chain->fn[at - 1]); at--)
			chain->fn[at] = chain->fn[at - 1];
		chain->fn[at] = fn;
	}
}

void local_function_reorder(struct local_functions *functions, uint32_t slot)
{
	struct vlsp_chain was, chain;
	int r;

	chain_lock(functions);
	r = chain_read(functions, slot, &was);
	chain = was;
	if (r == 0) {
		chain_sort(functions, &chain);
		if (memcmp(&chain, &was, sizeof(chain)) != 0)
			r = bld_chain_set(functions->local->bld, slot, &chain);
	}
	chain_unlock(functions);
	if (r < 0)
		log_error("the functions of slot %u are not in order: %s", slot, strerror(-r));
}

static int enter(struct local_functions *functions, const struct vlsp_fn *wanted, struct err *err)
{
	uint32_t slot = functions->by[wanted->index].slot, old;
	struct vlsp_fn fn = *wanted;
	struct vlsp_chain chain;
	int r = ends_check(functions, slot, &fn, err);

	if (r < 0)
		return r;
	r = chain_read(functions, slot, &chain);
	if (r < 0)
		return err_errno(err, r, "the router's chain");
	old = replaced_by(functions, &chain, &fn);
	if (chain.count == VLSP_CHAIN_MAX)
		return err_set(err, ENOSPC, "the router has %d functions, as many as can be",
			       VLSP_CHAIN_MAX);
	chain.fn[chain.count++] = fn;
	chain_sort(functions, &chain);
	r = bld_chain_set(functions->local->bld, slot, &chain);
	if (r < 0)
		return err_errno(err, r, "the router's chain");
	functions->by[fn.index].opened = true;
	if (old < VLSP_FN_MAX)
		index_free(functions, old);
	r = cuts_write(functions);
	return r < 0 ? err_errno(err, r, "which segments the function wants") : 0;
}

int local_function_enter(struct local_functions *functions, const struct vlsp_fn *fn,
			 struct err *err)
{
	int r;

	chain_lock(functions);
	r = enter(functions, fn, err);
	chain_unlock(functions);
	return r;
}

/* --- ends ------------------------------------------------------------------------------------- */

/* Lock held: the router's chain, and where index is in it. False: it is not closed, or not in the
 * chain yet. */
static bool find_closed(const struct local_functions *functions, uint32_t index,
			struct vlsp_chain *ret_chain, uint32_t *ret_at)
{
	if (chain_read(functions, functions->by[index].slot, ret_chain) < 0)
		return false;
	*ret_at = chain_find(ret_chain, index);
	return *ret_at < ret_chain->count && ret_chain->fn[*ret_at].flags & VLSP_FN_CLOSED;
}

/* Lock held: true if it stays, as one that drops. */
static bool stay_dead(struct local_functions *functions, uint32_t index)
{
	struct vlsp_chain chain;
	uint32_t at;

	if (!find_closed(functions, index, &chain, &at))
		return false;
	functions->by[index].opened = false;
	chain.fn[at].flags |= VLSP_FN_DEAD;
	return bld_chain_set(functions->local->bld, functions->by[index].slot, &chain) == 0;
}

void local_function_gone(struct local_functions *functions, uint32_t app,
			 enum local_function_why why)
{
	bool any = false;

	chain_lock(functions);
	for (uint32_t index = 0; app && index < VLSP_FN_MAX; index++) {
		bool heirs = functions->by[index].from == app;

		if (functions->by[index].app != app && !heirs)
			continue;
		any = true;
		if (heirs)
			functions->by[index].from = 0;
		if ((why != LOCAL_FUNCTION_DIED && !heirs) || !stay_dead(functions, index))
			leave(functions, index);
	}
	if (any)
		cuts_follow(functions);
	chain_unlock(functions);
}

/* Lock held. False: there is nothing to hand over. */
static bool hand_over(struct local_functions *functions, uint32_t index, uint32_t heir)
{
	uint32_t app = functions->by[index].app, at;
	struct vlsp_chain chain;

	if (!find_closed(functions, index, &chain, &at))
		return false;
	chain.fn[at].app = heir;
	if (bld_chain_set(functions->local->bld, functions->by[index].slot, &chain) < 0)
		return false;
	functions->by[index].app = heir;
	functions->by[index].opened = false;
	/* Handed over twice: who was to have it in between has no program yet. */
	if (!(chain.fn[at].flags & VLSP_FN_DEAD) && !functions->by[index].from)
		functions->by[index].from = app;
	return true;
}

void local_function_hand_over(struct local_functions *functions, uint32_t app, uint32_t heir,
			      bool changed)
{
	chain_lock(functions);
	for (uint32_t index = 0; app && index < VLSP_FN_MAX; index++)
		if (functions->by[index].app == app && hand_over(functions, index, heir))
			functions->by[index].changed |= changed;
	chain_unlock(functions);
}

void local_function_ready(struct local_functions *functions, uint32_t app)
{
	for (uint32_t index = 0; app && index < VLSP_FN_MAX; index++)
		if (functions->by[index].app == app && functions->by[index].changed)
			local_function_leave(functions, index);
}

void local_function_router_gone(struct local_functions *functions, uint32_t slot)
{
	bool any = false;

	chain_lock(functions);
	for (uint32_t index = 0; index < VLSP_FN_MAX; index++) {
		if (!functions->by[index].app || functions->by[index].slot != slot)
			continue;
		any = true;
		leave(functions, index);
	}
	if (any)
		cuts_follow(functions);
	chain_unlock(functions);
}

void local_function_known(struct local_functions *functions,
			  bool (*is_known)(void *arg, uint32_t app), void *arg)
{
	const struct host_app_events *events = &functions->local->host.events.apps;

	for (uint32_t index = 0; index < VLSP_FN_MAX; index++) {
		uint32_t app = functions->by[index].app;

		if (app && !is_known(arg, app))
			local_function_gone(functions, app,
					    events->place && place_of(functions, app)
						    ? LOCAL_FUNCTION_DIED
						    : LOCAL_FUNCTION_STOPPED);
	}
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++)
		if (functions->local->routers[slot])
			local_function_reorder(functions, slot);
}

static int adopt_slot(struct local_functions *functions, uint32_t slot)
{
	struct vlsp_chain chain;
	int r = chain_read(functions, slot, &chain);

	for (uint32_t i = 0; r == 0 && i < chain.count; i++) {
		const struct vlsp_fn *fn = &chain.fn[i];
		size_t bytes = fn->queue ? (size_t)1 << fn->queue : 0;

		if (fn->index >= VLSP_FN_MAX)
			return -EUCLEAN;
		functions->by[fn->index].app = fn->app;
		functions->by[fn->index].slot = slot;
		functions->by[fn->index].bytes = bytes;
		functions->bytes += bytes;
	}
	return r;
}

int local_functions_adopt(struct local_functions *functions)
{
	int r = 0;

	chain_lock(functions);
	for (uint32_t slot = 0; r == 0 && slot < VLSP_SLOT_MAX; slot++)
		if (functions->local->routers[slot])
			r = adopt_slot(functions, slot);
	/* One that was about to get into a chain, or just out of it. */
	for (uint32_t index = 0; r == 0 && index < VLSP_FN_MAX; index++)
		if (!functions->by[index].app)
			bld_fn_clear(functions->local->bld, index);
	if (r == 0)
		r = cuts_write(functions);
	chain_unlock(functions);
	return r;
}

/* --- what there is ---------------------------------------------------------------------------- */

static void describe(const struct local_functions *functions, const struct vlsp_fn *fn,
		     uint32_t place, struct host_app_function *ret)
{
	struct topo_match match = {.match = fn->match};
	struct vlsp_fn_count count = {0};

	memcpy(match.from, fn->from, sizeof(match.from));
	memcpy(match.to, fn->to, sizeof(match.to));
	(void)bld_fn_count_read(functions->local->bld, fn->index, &count); /* index is valid */
	*ret = (struct host_app_function){.bpf = fn->kind == VLSP_FN_PROG,
					  .closed = fn->flags & VLSP_FN_CLOSED,
					  .dead = fn->flags & VLSP_FN_DEAD,
					  .order = fn->order,
					  .place = place,
					  .queue = fn->queue ? (uint64_t)1 << fn->queue : 0,
					  .packets = count.packets,
					  .bytes = count.bytes,
					  .dropped = count.dropped,
					  .skipped = count.skipped};
	topo_match_format(&match, ret->match);
}

int local_function_list(const struct local_functions *functions, uint32_t app,
			struct host_app_function *ret, size_t max)
{
	size_t count = 0;

	for (uint32_t index = 0; app && index < VLSP_FN_MAX; index++) {
		struct vlsp_chain chain;
		uint32_t at;

		if (functions->by[index].app != app ||
		    chain_read(functions, functions->by[index].slot, &chain) < 0)
			continue;
		at = chain_find(&chain, index);
		if (at == chain.count)
			continue; /* not yet */
		if (count < max)
			describe(functions, &chain.fn[at], at, &ret[count]);
		count++;
	}
	return (int)count;
}
