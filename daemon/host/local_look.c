// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine compared with what is wanted: names, namespaces, devices, BPF records, processes. Run
 * by a worker for local_audit.c.
 */
#include "daemon/host/local_look.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host/local_ns.h"
#include "lib/base/log.h"
#include "lib/nlk/dump.h"
#include "lib/nlk/ns.h"

struct tables {		  /* what is wanted, by numbers, and the records that there are */
	uint32_t *router; /* by slot: index in audit->routers + 1 */
	uint32_t *end;	  /* by port: 2 * index in audit->links + side + 1 */
	struct vlsp_port *ports;
	struct local_end_seen *ends; /* by slot, then port */
	size_t end_count;
	int status;
	struct local_look *look;
};

void local_look_note(struct local_look *look, const char *what, const char *name, const char *why)
{
	struct host_audit *audit = look->audit;

	if (!audit->example[0])
		snprintf(audit->example, sizeof(audit->example), "%s %.100s: %s", what, name, why);
}

int local_look_stray(struct local_look *look, const struct local_stray *stray)
{
	if (look->stray_count == look->stray_room) {
		size_t room = look->stray_room ? 2 * look->stray_room : 64;
		struct local_stray *strays = reallocarray(look->strays, room, sizeof(*strays));

		if (!strays)
			return -ENOMEM;
		look->strays = strays;
		look->stray_room = room;
	}
	look->strays[look->stray_count++] = *stray;
	return 0;
}

/* --- tables ------------------------------------------------------------------------------------
 */

static int compare_ends(const void *a, const void *b, void *arg)
{
	const struct local_end_seen *x = a, *y = b;
	const struct host_link *links = arg;
	uint32_t p = links[x->link].end[x->side].port, q = links[y->link].end[y->side].port;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return p == q ? 0 : p < q ? -1 : 1;
}

static int tables_fill(struct tables *tables, const struct host_audit *audit)
{
	for (size_t i = 0; i < audit->router_count; i++) {
		if (audit->routers[i].slot >= VLSP_SLOT_MAX)
			return -EINVAL;
		tables->router[audit->routers[i].slot] = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < audit->link_count; i++) {
		for (uint8_t side = 0; side < 2; side++) {
			const struct host_end *end = &audit->links[i].end[side];

			if (end->slot >= VLSP_SLOT_MAX || end->port >= VLSP_PORT_MAX)
				return -EINVAL;
			tables->end[end->port] = 2 * (uint32_t)i + side + 1;
			tables->ends[tables->end_count++] = (struct local_end_seen){
				.slot = end->slot, .link = (uint32_t)i, .side = side};
		}
	}
	qsort_r(tables->ends, tables->end_count, sizeof(*tables->ends), compare_ends, audit->links);
	return 0;
}

static void take_port(void *arg, uint32_t port, const struct vlsp_port *record)
{
	struct tables *tables = arg;

	tables->ports[port] = *record;
	if (!tables->end[port] &&
	    local_look_stray(tables->look,
			     &(struct local_stray){.kind = LOCAL_STRAY_PORT, .index = port}) < 0)
		tables->status = -ENOMEM;
}

static void take_slot(void *arg, uint32_t slot, const struct vlsp_router *record)
{
	struct tables *tables = arg;

	(void)record;
	if (!tables->router[slot] &&
	    local_look_stray(tables->look,
			     &(struct local_stray){.kind = LOCAL_STRAY_SLOT, .index = slot}) < 0)
		tables->status = -ENOMEM;
}

static int tables_make(struct tables *tables, struct local_look *look)
{
	const struct host_audit *audit = look->audit;
	int r = -ENOMEM;

	tables->look = look;
	tables->router = calloc(VLSP_SLOT_MAX, sizeof(*tables->router));
	tables->end = calloc(VLSP_PORT_MAX, sizeof(*tables->end));
	tables->ports = calloc(VLSP_PORT_MAX, sizeof(*tables->ports));
	tables->ends = calloc(2 * audit->link_count + 1, sizeof(*tables->ends));
	if (tables->router && tables->end && tables->ports && tables->ends)
		r = tables_fill(tables, audit);
	if (r == 0)
		r = bld_ports_each(look->bld, take_port, tables);
	if (r == 0)
		r = bld_slots_each(look->bld, take_slot, tables);
	if (r == 0)
		r = tables->status;
	return r < 0 ? err_errno(&look->err, r, "records of routers and links") : 0;
}

static void tables_free(struct tables *tables)
{
	free(tables->router);
	free(tables->end);
	free(tables->ports);
	free(tables->ends);
}

/* --- routers -----------------------------------------------------------------------------------
 */

/* NULL: the programs know that router. */
static const char *look_record(const struct local_look *look, const struct host_router *router)
{
	struct vlsp_router record;

	if (bld_router_read(look->bld, router->slot, &record) < 0)
		return "the BPF programs do not know it";
	if (ntohl(record.address) != router->address || record.edge != router->edge_port)
		return "the BPF programs know it by another address";
	if (bld_router_fib(look->bld, router->slot) < 0)
		return "it has no forwarding table";
	return NULL;
}

static void look_router(struct local_look *look, struct local_inside *inside, size_t at,
			struct local_end_seen *ends, size_t end_count)
{
	struct host_router *router = &look->audit->routers[at];
	enum host_finding *found = &look->audit->router_found[at];
	struct local_seen *seen = &look->routers[at];
	const char *why = look_record(look, router);
	bool record = why == NULL;

	seen->inode = local_names_inode(look->names, router->name);
	if (seen->inode) {
		const char *other = local_look_inside(inside, look, router, ends, end_count,
						      &seen->ours);

		why = other ? other : why;
	} else {
		why = "it has no namespace of that name";
	}
	if (!seen->ours)
		seen->ours = local_journal_has(look->names->journal, "netns", router->name);
	seen->link = local_names_unpublished(look->names, router->name);
	*found = !why ? HOST_WELL : HOST_WRONG;
	if (!seen->inode && !record && !local_names_exists(look->names, router->name))
		*found = HOST_ABSENT;
	if (why)
		local_look_note(look, "router", router->name, why);
}

/* --- links -------------------------------------------------------------------------------------
 */

static const char *look_port(const struct tables *tables, const struct host_link *link, int side)
{
	const struct vlsp_port *record = &tables->ports[link->end[side].port];
	bool silent = record->flags & VLSP_PORT_SILENT;

	if (!(record->flags & VLSP_PORT_VALID) || record->slot != link->end[side].slot ||
	    ntohl(record->address) != link->end[side].address || record->link != link->id)
		return "the BPF programs do not know an end of it";
	if (silent != (link->admin == HOST_SILENT))
		return "it is silent, or should be";
	return local_emulate_look(tables->look->bld, tables->look->can, record, link, side);
}

static void look_link(struct local_look *look, const struct tables *tables, size_t at,
		      struct local_end_seen *const ends[2])
{
	const struct host_link *link = &look->audit->links[at];
	enum host_finding *found = &look->audit->link_found[at];
	const char *why = NULL;

	*found = HOST_WELL;
	for (int side = 0; side < 2; side++) {
		const struct local_end_seen *end = ends[side];

		if (!end->there)
			why = "an end of it is missing";
		else if (!end->right)
			why = "an end of it has another name, or is not ours";
		else if (!end->filter)
			why = "vlsp_in is not at an end of it";
		if (why)
			break;
	}
	if (why) {
		*found = ends[0]->there || ends[1]->there ? HOST_WRONG : HOST_ABSENT;
		local_look_note(look, "link", link->name, why);
		return;
	}
	for (int side = 0; !why && side < 2; side++) {
		if (ends[side]->up != (link->admin != HOST_DOWN))
			why = "an end of it is up, or should be";
		else if (!local_emulate_queues_well(look->can, &link->shape[side],
						    ends[side]->queues))
			why = "a queue of its shape is missing, or another";
		else
			why = look_port(tables, link, side);
	}
	if (why) {
		*found = HOST_DIFFERS;
		local_look_note(look, "link", link->name, why);
	}
}

static int look_links(struct local_look *look, struct tables *tables)
{
	struct local_end_seen **ends = calloc(2 * look->audit->link_count + 1, sizeof(*ends));

	if (!ends)
		return err_errno(&look->err, ENOMEM, "links");
	for (size_t i = 0; i < tables->end_count; i++)
		ends[2 * tables->ends[i].link + tables->ends[i].side] = &tables->ends[i];
	for (size_t i = 0; i < look->audit->link_count; i++)
		look_link(look, tables, i, &ends[2 * i]);
	free(ends);
	return 0;
}

/* --- what nobody wants -------------------------------------------------------------------------
 */

struct name_look {
	struct local_look *look;
	char (*wanted)[NAME_SIZE]; /* sorted */
	int status;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void look_name(void *arg, const char *name)
{
	struct name_look *names = arg;
	struct local_look *look = names->look;
	struct local_stray stray = {.kind = LOCAL_STRAY_NETNS};

	if (bsearch(name, names->wanted, look->audit->router_count, NAME_SIZE, compare_names))
		return;
	if (strlen(name) >= NAME_SIZE || (!local_journal_has(look->names->journal, "netns", name) &&
					  !local_look_tagged(look->names, look->instance, name))) {
		log_debug("%s/%s is not of this instance and stays", look->names->dir, name);
		return;
	}
	strcpy(stray.name, name);
	stray.inode = local_names_inode(look->names, name);
	local_look_note(look, "router", name, "nobody wants it");
	if (local_look_stray(look, &stray) < 0)
		names->status = -ENOMEM;
}

static void look_link_to(void *arg, const char *path)
{
	struct name_look *names = arg;
	const char *name = strrchr(path, '/');

	if (!name || !local_names_dangles(names->look->names, path) ||
	    bsearch(name + 1, names->wanted, names->look->audit->router_count, NAME_SIZE,
		    compare_names))
		return;
	local_look_note(names->look, "link", path, "what it points to is not there");
	if (local_look_stray(names->look, &(struct local_stray){.kind = LOCAL_STRAY_LINK}) < 0)
		names->status = -ENOMEM;
}

static int look_names(struct local_look *look)
{
	struct name_look names = {.look = look};
	const struct host_audit *audit = look->audit;

	names.wanted = calloc(audit->router_count + 1, NAME_SIZE);
	if (!names.wanted)
		return err_errno(&look->err, ENOMEM, "names");
	for (size_t i = 0; i < audit->router_count; i++)
		memcpy(names.wanted[i], audit->routers[i].name, NAME_SIZE);
	qsort(names.wanted, audit->router_count, NAME_SIZE, compare_names);
	local_names_each(look->names, look_name, &names);
	local_journal_each(look->names->journal, "link", look_link_to, &names);
	free(names.wanted);
	return names.status < 0 ? err_errno(&look->err, names.status, "names") : 0;
}

/* --- processes ---------------------------------------------------------------------------------
 */

struct inode_of {
	unsigned long inode; /* first: for local_ns_compare() */
	size_t router;	     /* index in audit->routers, or one of these */
};

#define NOT_OURS SIZE_MAX
#define ORPHANED (SIZE_MAX - 1)

struct proc_look {
	struct local_look *look;
	struct inode_of *list; /* sorted */
	size_t count, room;
	int status;
};

static void add_stray(struct proc_look *procs, enum local_stray_kind kind, const char *name,
		      int32_t pid, unsigned long inode)
{
	struct local_stray stray = {.kind = kind, .pid = pid, .inode = inode};

	snprintf(stray.name, sizeof(stray.name), "%s", name);
	if (local_look_stray(procs->look, &stray) < 0)
		procs->status = -ENOMEM;
}

static void see_second(struct proc_look *procs, size_t at, int32_t pid, unsigned long inode)
{
	struct local_seen *seen = &procs->look->routers[at];
	const char *name = procs->look->audit->routers[at].name;

	if (seen->known < 0 || seen->known == pid || !local_procs_is_router(pid))
		return;
	if (!seen->known && seen->pid == 0) {
		seen->pid = pid;
		return;
	}
	local_look_note(procs->look, "router", name, "it has more than one process");
	add_stray(procs, LOCAL_STRAY_PROCESS, name, pid, inode);
	/* Which one is right nobody knows: all go, and the router gets another. */
	if (seen->pid > 0)
		add_stray(procs, LOCAL_STRAY_PROCESS, name, seen->pid, inode);
	if (!seen->known)
		seen->pid = -1;
}

static struct inode_of *find_inode(const struct proc_look *procs, unsigned long inode)
{
	return bsearch(&inode, procs->list, procs->count, sizeof(*procs->list), local_ns_compare);
}

/* A namespace that no name of ours stands for: looked at once. */
static void see_unknown(struct proc_look *procs, int32_t pid, unsigned long inode)
{
	struct inode_of entry = {.inode = inode, .router = NOT_OURS};
	size_t at = 0;

	if (procs->count == procs->room) {
		procs->status = -ENOMEM;
		return;
	}
	if (!local_procs_sees_us(pid))
		return; /* another process in there may */
	if (local_procs_tagged(pid, procs->look->instance, NULL)) {
		entry.router = ORPHANED;
		local_look_note(procs->look, "process", "in a namespace of ours",
				"that has no name any more");
		add_stray(procs, LOCAL_STRAY_ORPHANS, "", pid, inode);
	}
	while (at < procs->count && procs->list[at].inode < inode)
		at++;
	memmove(&procs->list[at + 1], &procs->list[at],
		(procs->count++ - at) * sizeof(*procs->list));
	procs->list[at] = entry;
}

static void see_process(void *arg, int32_t pid, unsigned long inode)
{
	struct proc_look *procs = arg;
	const struct inode_of *at = find_inode(procs, inode);

	if (!at && procs->count == procs->room) {
		struct inode_of *list = reallocarray(procs->list, procs->room * 2,
						     sizeof(*procs->list));

		if (list) {
			procs->list = list;
			procs->room *= 2;
		}
	}
	if (!at)
		see_unknown(procs, pid, inode);
	else if (at->router < ORPHANED)
		see_second(procs, at->router, pid, inode);
}

static void know(struct proc_look *procs, unsigned long inode, size_t router)
{
	if (inode)
		procs->list[procs->count++] = (struct inode_of){.inode = inode, .router = router};
}

static int look_processes(struct local_look *look)
{
	size_t n = look->audit->router_count;
	struct proc_look procs = {.look = look, .room = 2 * (n + look->stray_count) + 64};
	int r = -ENOMEM;

	procs.list = calloc(procs.room, sizeof(*procs.list));
	if (procs.list) {
		know(&procs, local_procs_inode(getpid()), NOT_OURS);
		for (size_t i = 0; i < n; i++)
			know(&procs, look->routers[i].inode, i);
		for (size_t i = 0; i < look->stray_count; i++)
			know(&procs, look->strays[i].inode, NOT_OURS); /* goes anyway */
		qsort(procs.list, procs.count, sizeof(*procs.list), local_ns_compare);
		r = local_procs_each(see_process, &procs);
		if (r == 0)
			r = procs.status;
	}
	free(procs.list);
	for (size_t i = 0; i < n; i++)
		if (look->routers[i].pid < 0)
			look->routers[i].pid = 0;
	return r < 0 ? err_errno(&look->err, r, "processes of routers") : 0;
}

/* --- all together ------------------------------------------------------------------------------
 */

static int look_routers(struct local_look *look, struct tables *tables)
{
	const struct host_audit *audit = look->audit;
	size_t *first = calloc(VLSP_SLOT_MAX + 1, sizeof(*first)), at = 0, most = 0;
	struct local_inside inside = {.look = look,
				      .prog_in = bld_id(bld_prog_in(look->bld)),
				      .prog_out = bld_id(bld_prog_out(look->bld)),
				      .prog_back = bld_id(bld_prog_back(look->bld))};

	if (!first)
		return err_errno(&look->err, ENOMEM, "routers");
	for (uint32_t slot = 0; slot < VLSP_SLOT_MAX; slot++) {
		first[slot] = at;
		while (at < tables->end_count && tables->ends[at].slot == slot)
			at++;
		if (at - first[slot] > most)
			most = at - first[slot];
	}
	first[VLSP_SLOT_MAX] = at;
	inside.filters = calloc(most + 2, sizeof(*inside.filters));
	for (size_t i = 0; inside.filters && i < audit->router_count; i++) {
		uint32_t slot = audit->routers[i].slot;

		look_router(look, &inside, i, &tables->ends[first[slot]],
			    first[slot + 1] - first[slot]);
	}
	if (!inside.filters)
		look->status = err_errno(&look->err, ENOMEM, "routers");
	free(inside.filters);
	free(first);
	return look->status;
}

void local_look_run(struct local_look *look)
{
	struct tables tables = {.end_count = 0};
	int r = tables_make(&tables, look);

	if (r == 0)
		r = look_routers(look, &tables);
	if (r == 0)
		r = look_links(look, &tables);
	if (r == 0)
		r = look_names(look);
	if (r == 0 && look->processes)
		r = look_processes(look);
	look->audit->strays = look->stray_count;
	if (look->stray_count)
		local_look_note(look, "records", "of the BPF programs, or devices",
				"nobody wants them");
	look->status = r;
	tables_free(&tables);
}

void local_look_done(struct local_look *look)
{
	free(look->routers);
	free(look->strays);
	look->routers = NULL;
	look->strays = NULL;
	look->stray_count = look->stray_room = 0;
}
