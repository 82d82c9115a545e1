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

#include "daemon/host/local_ns.h"
#include "daemon/host/local_tag.h"
#include "include/shared/maps.h"
#include "include/shared/vdp.h"
#include "lib/nlk/link.h"
#include "lib/nlk/ns.h"
#include "lib/nlk/tc.h"

#define OPEN_MAX_NS 2000 /* namespaces held open at the same time: two descriptors each */

enum step { STEP_PAIR, STEP_ALIAS, STEP_UP, STEP_CLSACT, STEP_FILTER, STEP_QUEUE, STEP_ADMIN };

static const char *const step_name[] = {
	[STEP_PAIR] = "cannot create veth",	[STEP_UP] = "cannot set alias and state of",
	[STEP_CLSACT] = "cannot put clsact on", [STEP_FILTER] = "cannot attach vlsp_in to",
	[STEP_QUEUE] = "cannot put queues on",	[STEP_ADMIN] = "cannot set the state of",
};

struct linker {
	struct local_link_task *task;
	struct nlk_batch batch;
	struct local_ns_open *entries; /* by slot; sock 0: not open */
	uint32_t *open;		       /* slots that are open */
	size_t open_count;
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
		struct local_ns_open *entry = &linker->entries[linker->open[--linker->open_count]];

		close(entry->ns);
		close(entry->sock);
		*entry = (struct local_ns_open){0};
	}
}

/* Both ends' entries stay valid until the next call. */
static int ns_get(struct linker *linker, const struct host_link *link, struct local_ns_open *ret[2])
{
	struct err *err = &linker->task->err;

	if (linker->open_count + 2 > OPEN_MAX_NS)
		ns_close_all(linker);
	for (int i = 0; i < 2; i++) {
		const struct host_end *end = &link->end[i];
		struct local_ns_open *entry = &linker->entries[end->slot];

		if (!entry->sock) {
			struct local_ns_open fresh;
			int r = local_ns_open(linker->task->names, end->router, &fresh);

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
	if (!linker->entries || !linker->open)
		return err_errno(&task->err, ENOMEM, "links");
	return 0;
}

static void linker_done(struct linker *linker)
{
	ns_close_all(linker);
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

struct vlsp_port local_link_record(unsigned can, const struct host_link *link, int side)
{
	const struct host_end *end = &link->end[side];

	return (struct vlsp_port){
		.slot = end->slot,
		.address = htonl(end->address),
		.flags = VLSP_PORT_VALID | (link->admin == HOST_SILENT ? VLSP_PORT_SILENT : 0u) |
			 local_emulate_flags(can, &link->shape[side]),
		.link = link->id,
	};
}

static int port_write(struct linker *linker, const struct host_link *link, int side)
{
	const struct host_end *end = &link->end[side];
	struct vlsp_port record = local_link_record(linker->task->emulate.emulation->can, link,
						    side);
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
		local_tag_mac(end[i].mac, port);
	}
	linker->batch.tag = STEP_PAIR;
	nlk_link_veth(&linker->batch, end, VDP_MTU, peer_ns);
}

static void put_end(struct linker *linker, const struct host_link *link, int side)
{
	const struct local_link_task *task = linker->task;
	uint32_t port = link->end[side].port;
	struct nlk_batch *batch = &linker->batch;
	char alias[LOCAL_TAG_SIZE];
	struct nlk_link_change change = {.set = NLK_LINK_ALIAS, .alias = alias};
	static const struct nlk_link_change up = {.set = NLK_LINK_UP};

	local_tag_link(alias, task->instance, link->name);
	if (linker->ipv6) /* no address that nobody asked for, and no traffic to find neighbours */
		change.set |= NLK_LINK_NO_LL;
	batch->tag = STEP_ALIAS;
	nlk_link_set(batch, port, &change);
	batch->tag = STEP_CLSACT;
	nlk_tc_clsact(batch, port);
	batch->tag = STEP_FILTER;
	nlk_tc_bpf(batch, port, NLK_TC_INGRESS, bld_prog_in(task->bld), "vlsp_in");
	batch->tag = STEP_QUEUE;
	local_emulate_queues(&task->emulate, batch, link, side);
	batch->tag = STEP_UP;
	if (link->admin != HOST_DOWN)
		nlk_link_set(batch, port, &up);
}

static int link_make(struct linker *linker, const struct host_link *link)
{
	struct local_ns_open *ns[2];
	bool paired = false;
	int r;

	linker->link = link;
	r = ns_get(linker, link, ns);
	for (int i = 0; r == 0 && i < 2; i++) {
		linker->task->emulate.emulation->tc[link->end[i].port] = SHAPE_TC_NONE;
		r = local_emulate_enter(&linker->task->emulate, link, i, &linker->task->err);
		if (r == 0)
			r = port_write(linker, link, i);
	}
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
	for (int i = 0; r == 0 && i < 2; i++)
		local_emulate_leave(&linker->task->emulate, &linker->batch, ns[i]->sock, link, i);
	if (r < 0) {
		if (paired) {
			nlk_link_del(&linker->batch, link->end[0].port);
			(void)nlk_batch_send(&linker->batch, ns[0]->sock, NULL, NULL);
		}
		ports_clear(linker, link);
	}
	return r;
}

static int link_set(struct linker *linker, const struct host_link *link)
{
	const struct nlk_link_change change = {.set = link->admin == HOST_DOWN ? NLK_LINK_DOWN
									       : NLK_LINK_UP};
	struct local_ns_open *ns[2];
	int r;

	linker->link = link;
	r = ns_get(linker, link, ns);
	for (int i = 0; r == 0 && i < 2; i++) {
		r = local_emulate_enter(&linker->task->emulate, link, i, &linker->task->err);
		linker->batch.tag = STEP_QUEUE;
		local_emulate_strays(&linker->task->emulate, &linker->batch, ns[i]->sock, link, i);
		local_emulate_clear(&linker->task->emulate, &linker->batch, ns[i]->sock, link, i);
		local_emulate_queues(&linker->task->emulate, &linker->batch, link, i);
		if (r == 0)
			r = batch_send(linker, i, ns[i]->sock);
		if (r == 0)
			r = port_write(linker, link, i);
	}
	for (int i = 0; r == 0 && i < 2; i++)
		local_emulate_leave(&linker->task->emulate, &linker->batch, ns[i]->sock, link, i);
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

	r = local_emulate_begin(&task->emulate, task->add, task->add_count, task->set,
				task->set_count, &task->err);
	if (r < 0) {
		task->status = r;
		return;
	}
	r = linker_init(&linker, task);
	if (r == 0)
		r = run_list(&linker, task->add, task->add_count, link_make);
	if (r == 0)
		r = run_list(&linker, task->set, task->set_count, link_set);
	linker_done(&linker);
	task->status = r;
}
