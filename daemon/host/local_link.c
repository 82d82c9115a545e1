// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links as veth pairs. Per link three exchanges with the kernel: in A's namespace the pair (the
 * other end right in B's); there, and in B's, the program, alias and up. The records that the
 * program needs are written before an end comes up. Run by a worker of the local back end.
 */
#include "daemon/host/local_link.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "include/shared/maps.h"
#include "include/shared/vdp.h"
#include "lib/nlk/link.h"
#include "lib/nlk/ns.h"
#include "lib/nlk/tc.h"

#define OPEN_MAX_NS 2000 /* namespaces held open at the same time: two descriptors each */
#define ALIAS_SIZE  256

enum step { STEP_PAIR, STEP_ALIAS, STEP_UP, STEP_CLSACT, STEP_FILTER, STEP_ADMIN };

static const char *const step_name[] = {
	[STEP_PAIR] = "cannot create veth",	  [STEP_UP] = "cannot set alias and state of",
	[STEP_CLSACT] = "cannot put clsact on",	  [STEP_FILTER] = "cannot attach vlsp_in to",
	[STEP_ADMIN] = "cannot set the state of",
};

struct ns_entry {
	int ns, sock; /* sock 0: not open */
};

struct linker {
	struct local_link_task *task;
	struct nlk_batch batch;
	struct ns_entry *entries; /* by slot */
	uint32_t *open;		  /* slots that are open */
	size_t open_count;
	int home;
	bool ipv6; /* the kernel has it */
	/* the link in hand */
	const struct host_link *link;
	int side;
};

/* --- namespaces --------------------------------------------------------------------------------
 */

static void ns_close_all(struct linker *linker)
{
	while (linker->open_count > 0) {
		struct ns_entry *entry = &linker->entries[linker->open[--linker->open_count]];

		close(entry->ns);
		close(entry->sock);
		*entry = (struct ns_entry){0};
	}
}

/* Opens a router's namespace and a netlink socket in it; the thread is in it then. */
static int ns_open(const struct local_names *names, const char *router, struct ns_entry *ret_entry)
{
	char path[PATH_MAX];
	int r;

	r = local_names_path(names, router, path, sizeof(path));
	if (r < 0)
		return r;
	ret_entry->ns = nlk_ns_open(path);
	if (ret_entry->ns < 0)
		return ret_entry->ns;
	r = nlk_ns_enter(ret_entry->ns);
	if (r == 0)
		r = ret_entry->sock = nlk_open();
	if (r < 0)
		close(ret_entry->ns);
	return r < 0 ? r : 0;
}

/* Both ends' entries stay valid until the next call. */
static int ns_get(struct linker *linker, const struct host_link *link, struct ns_entry *ret[2])
{
	struct err *err = &linker->task->err;

	if (linker->open_count + 2 > OPEN_MAX_NS)
		ns_close_all(linker);
	for (int i = 0; i < 2; i++) {
		const struct host_end *end = &link->end[i];
		struct ns_entry *entry = &linker->entries[end->slot];

		if (!entry->sock) {
			struct ns_entry fresh;
			int r = ns_open(linker->task->names, end->router, &fresh);

			if (r < 0)
				return err_errno(err, r,
						 "link %s: cannot open the namespace of router %s",
						 link->name, end->router);
			*entry = fresh;
			linker->open[linker->open_count++] = end->slot;
		}
		ret[i] = entry;
	}
	return 0;
}

static int linker_init(struct linker *linker, struct local_link_task *task)
{
	memset(linker, 0, sizeof(*linker));
	linker->task = task;
	nlk_batch_init(&linker->batch);
	linker->entries = calloc(VLSP_SLOT_MAX, sizeof(*linker->entries));
	linker->open = calloc(OPEN_MAX_NS, sizeof(*linker->open));
	linker->ipv6 = access("/proc/sys/net/ipv6/conf", F_OK) == 0;
	linker->home = nlk_ns_current();
	if (!linker->entries || !linker->open)
		return err_errno(&task->err, ENOMEM, "links");
	if (linker->home < 0)
		return err_errno(&task->err, linker->home,
				 "cannot open the network namespace of the daemon");
	return 0;
}

static void linker_done(struct linker *linker)
{
	ns_close_all(linker);
	if (linker->home >= 0) {
		if (nlk_ns_enter(linker->home) < 0)
			abort(); /* cannot happen: we hold it, and have the right to enter it */
		close(linker->home);
	}
	free(linker->entries);
	free(linker->open);
	nlk_batch_done(&linker->batch);
}

/* --- one link ----------------------------------------------------------------------------------
 */

static void refused(void *arg, uint32_t tag, int code, const char *text)
{
	struct linker *linker = arg;
	const struct host_link *link = linker->link;
	const struct host_end *end = &link->end[linker->side];
	struct err *err = &linker->task->err;

	if (err->code)
		return;
	if (tag == STEP_PAIR)
		err_errno(err, code, "link %s: %s (%s, index %u, in %s; %s, index %u, in %s)%s%s",
			  link->name, step_name[tag], link->end[0].ifname, link->end[0].port,
			  link->end[0].router, link->end[1].ifname, link->end[1].port,
			  link->end[1].router, *text ? ": " : "", text);
	else
		err_errno(err, code, "link %s: %s %s in %s%s%s", link->name, step_name[tag],
			  end->ifname, end->router, *text ? ": " : "", text);
}

static int batch_send(struct linker *linker, int side, int sock)
{
	struct err *err = &linker->task->err;
	int r;

	linker->side = side;
	r = nlk_batch_send(&linker->batch, sock, refused, linker);
	if (r < 0 && !err->code)
		err_errno(err, r, "link %s: netlink", linker->link->name);
	return r;
}

static int port_write(struct linker *linker, const struct host_link *link, int side)
{
	const struct host_end *end = &link->end[side];
	struct vlsp_port record = {
		.slot = end->slot,
		.address = htonl(end->address),
		.flags = VLSP_PORT_VALID | (link->admin == HOST_SILENT ? VLSP_PORT_SILENT : 0u),
		.link = link->id,
	};
	int r;

	pthread_mutex_lock(linker->task->bld_lock);
	r = bld_port_set(linker->task->bld, end->port, &record);
	pthread_mutex_unlock(linker->task->bld_lock);
	if (r < 0)
		return err_errno(&linker->task->err, r, "link %s: cannot enter port %u", link->name,
				 end->port);
	return 0;
}

static void ports_clear(struct linker *linker, const struct host_link *link)
{
	pthread_mutex_lock(linker->task->bld_lock);
	bld_port_del(linker->task->bld, link->end[0].port);
	bld_port_del(linker->task->bld, link->end[1].port);
	pthread_mutex_unlock(linker->task->bld_lock);
}

static void put_pair(struct linker *linker, const struct host_link *link, int peer_ns)
{
	struct nlk_veth_end end[2];

	for (int i = 0; i < 2; i++) {
		uint32_t port = link->end[i].port;

		end[i].name = link->end[i].ifname;
		end[i].index = port;
		memcpy(end[i].mac,
		       (uint8_t[]){0x02, 0x56, (uint8_t)(port >> 24), (uint8_t)(port >> 16),
				   (uint8_t)(port >> 8), (uint8_t)port},
		       6);
	}
	linker->batch.tag = STEP_PAIR;
	nlk_link_veth(&linker->batch, end, VDP_MTU, peer_ns);
}

static void put_end(struct linker *linker, const struct host_link *link, int side)
{
	const struct local_link_task *task = linker->task;
	uint32_t port = link->end[side].port;
	struct nlk_batch *batch = &linker->batch;
	char alias[ALIAS_SIZE];
	struct nlk_link_change change = {.set = NLK_LINK_ALIAS, .alias = alias};
	static const struct nlk_link_change up = {.set = NLK_LINK_UP};

	snprintf(alias, sizeof(alias), "vlsp:%s:%s", task->instance, link->name);
	if (linker->ipv6) /* no address that nobody asked for, and no traffic to find neighbours */
		change.set |= NLK_LINK_NO_LL;
	batch->tag = STEP_ALIAS;
	nlk_link_set(batch, port, &change);
	batch->tag = STEP_CLSACT;
	nlk_tc_clsact(batch, port);
	batch->tag = STEP_FILTER;
	nlk_tc_bpf(batch, port, NLK_TC_INGRESS, bld_prog_in(task->bld), "vlsp_in");
	batch->tag = STEP_UP;
	if (link->admin != HOST_DOWN)
		nlk_link_set(batch, port, &up);
}

static int link_make(struct linker *linker, const struct host_link *link)
{
	struct ns_entry *ns[2];
	bool paired = false;
	int r;

	linker->link = link;
	r = ns_get(linker, link, ns);
	if (r == 0)
		r = port_write(linker, link, 0);
	if (r == 0)
		r = port_write(linker, link, 1);
	if (r == 0) {
		/* On its own: behind a refused one the rest would hit whoever has that index. */
		put_pair(linker, link, ns[1]->ns);
		r = batch_send(linker, 0, ns[0]->sock);
		paired = r == 0;
	}
	if (r == 0) {
		put_end(linker, link, 0);
		r = batch_send(linker, 0, ns[0]->sock);
	}
	if (r == 0) {
		put_end(linker, link, 1);
		r = batch_send(linker, 1, ns[1]->sock);
	}
	if (r < 0) {
		if (paired) {
			nlk_link_del(&linker->batch, link->end[0].port);
			(void)nlk_batch_send(&linker->batch, ns[0]->sock, NULL, NULL);
		}
		ports_clear(linker, link);
	}
	return r;
}

static int link_admin(struct linker *linker, const struct host_link *link)
{
	const struct nlk_link_change change = {.set = link->admin == HOST_DOWN ? NLK_LINK_DOWN
									       : NLK_LINK_UP};
	struct ns_entry *ns[2];
	int r;

	linker->link = link;
	r = ns_get(linker, link, ns);
	for (int i = 0; r == 0 && i < 2; i++)
		r = port_write(linker, link, i);
	for (int i = 0; r == 0 && i < 2; i++) {
		linker->batch.tag = STEP_ADMIN;
		nlk_link_set(&linker->batch, link->end[i].port, &change);
		r = batch_send(linker, i, ns[i]->sock);
	}
	return r;
}

static int run_list(struct linker *linker, struct host_link *links, size_t count,
		    int (*fn)(struct linker *linker, const struct host_link *link))
{
	struct local_link_task *task = linker->task;

	for (size_t i = 0; i < count; i++) {
		int r;

		if (__atomic_load_n(&task->cancel, __ATOMIC_RELAXED))
			return err_errno(&task->err, ECANCELED, "link %s", links[i].name);
		r = fn(linker, &links[i]);

		__atomic_store_n(&links[i].state, r < 0 ? HOST_FAILED : HOST_DONE,
				 __ATOMIC_RELEASE);
		if (r < 0)
			return r;
		task->progress(task->arg);
	}
	return 0;
}

void local_link_run(struct local_link_task *task)
{
	struct linker linker;
	int r;

	r = linker_init(&linker, task);
	if (r == 0)
		r = run_list(&linker, task->add, task->add_count, link_make);
	if (r == 0)
		r = run_list(&linker, task->set, task->set_count, link_admin);
	linker_done(&linker);
	task->status = r;
}

/* --- deleting ----------------------------------------------------------------------------------
 */

#define DELETE_THREADS 32
#define DELETE_STACK   (128u << 10)

struct delete_task {
	const struct local_names *names;
	struct host_link *const *links;
	size_t count, next;
	pthread_mutex_t lock;
	int status;
	struct err err;
};

static void delete_refused(void *arg, uint32_t tag, int code, const char *text)
{
	struct err *err = arg;

	(void)tag;
	if (!err->code)
		err_errno(err, code, "cannot delete its devices%s%s", *text ? ": " : "", text);
}

/* The namespace of either end will do. */
static int delete_one(const struct local_names *names, const struct host_link *link,
		      struct err *err)
{
	struct nlk_batch batch;
	struct ns_entry ns;
	int r, side = 0;

	r = ns_open(names, link->end[0].router, &ns);
	if (r == -ENOENT) {
		side = 1;
		r = ns_open(names, link->end[1].router, &ns);
	}
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_errno(err, r, "cannot open the namespace of router %s",
				 link->end[side].router);
	nlk_batch_init(&batch);
	nlk_link_del(&batch, link->end[side].port);
	r = nlk_batch_send(&batch, ns.sock, delete_refused, err);
	nlk_batch_done(&batch);
	close(ns.sock);
	close(ns.ns);
	return r == -ENODEV ? 0 : r;
}

static void *delete_thread(void *arg)
{
	struct delete_task *task = arg;

	pthread_mutex_lock(&task->lock);
	while (task->next < task->count) {
		struct host_link *link = task->links[task->next++];
		struct err err = {0};
		int r;

		pthread_mutex_unlock(&task->lock);
		r = delete_one(task->names, link, &err);
		pthread_mutex_lock(&task->lock);
		link->state = r < 0 ? HOST_FAILED : HOST_DONE;
		if (r < 0 && task->status == 0) {
			task->status = r;
			if (!err.code)
				err_errno(&err, r, "netlink");
			err_wrap(&err, "link %s", link->name);
			task->err = err;
		}
	}
	pthread_mutex_unlock(&task->lock);
	return NULL;
}

int local_link_delete(const struct local_names *names, struct host_link *const *links, size_t count,
		      struct err *err)
{
	struct delete_task task = {
		.names = names, .links = links, .count = count, .lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t threads[DELETE_THREADS];
	size_t started = 0;
	pthread_attr_t attr;
	int home;

	if (count == 0)
		return 0;
	home = nlk_ns_current();
	if (home < 0)
		return err_errno(err, home, "cannot open the network namespace of the daemon");
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, DELETE_STACK);
	while (started < DELETE_THREADS && started + 1 < count &&
	       pthread_create(&threads[started], &attr, delete_thread, &task) == 0)
		started++;
	delete_thread(&task); /* with few or no other threads it only takes longer */
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attr);
	if (nlk_ns_enter(home) < 0)
		abort(); /* cannot happen: we hold it, and have the right to enter it */
	close(home);
	if (task.status < 0 && err)
		*err = task.err;
	return task.status;
}
