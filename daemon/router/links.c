/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of links, their hellos and their judgement. Called by router.c.
 *
 * Coming up is driven by greetings, which wake the receiver: whoever gets a link (or gets its
 * carrier back) greets; a greeting that does not say "I hear you" is answered by one that does; one
 * that brings the link up is answered unless this incarnation of the neighbour was told already.
 * Two to four datagrams, and no timer. Staying up is watched by hellos, which wake nobody: the
 * BPF program notes them in vlsp_hello, and links_run() reads that once an interval. A greeting
 * that is lost is made good by the next hello.
 */
#include "daemon/router/links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH	     16
#define NEVER	     UINT64_MAX
#define HELLO_NS_DEF 40000000ULL
#define WEIGHT_MAX   65535
#define LATE_FACTOR  4
#define STRETCH_MAX  5000000000ULL

struct links {
	const struct vlsp_hello *records;
	const struct links_ops *ops;
	void *arg;
	struct link *array; /* in order of port */
	size_t count, size;
	uint64_t hello_ns, dead_ns;
	uint64_t tick_ns;  /* next hello */
	uint64_t due_ns;   /* what links_run() asked for last; 0: nothing */
	uint64_t grace_ns; /* nobody is lost before */
	uint64_t late_ns;  /* how late links_run() was called: the maximum, which fades */
	uint32_t epoch;
	uint32_t up;
};

int links_new(const struct vlsp_hello *records, uint32_t epoch, const struct links_ops *ops,
	      void *arg, struct links **ret_links)
{
	struct links *links = calloc(1, sizeof(*links));

	if (!links)
		return -ENOMEM;
	links->records = records;
	links->epoch = epoch;
	links->ops = ops;
	links->arg = arg;
	links->hello_ns = HELLO_NS_DEF;
	links->dead_ns = 3 * HELLO_NS_DEF;
	*ret_links = links;
	return 0;
}

void links_free(struct links *links)
{
	if (!links)
		return;
	free(links->array);
	free(links);
}

void links_timing(struct links *links, uint64_t now_ns, uint64_t hello_ns, uint64_t dead_ns)
{
	links->hello_ns = hello_ns;
	links->dead_ns = dead_ns;
	/* the epoch is random: the routers of a machine do not all send at the same time */
	links->tick_ns = now_ns + links->epoch % hello_ns;
	links->due_ns = 0;
	/* neighbours may learn of a shorter dead time later than we do, so may send rarely yet */
	links->grace_ns = now_ns + dead_ns;
}

/* --- table ----------------------------------------------------------------------------------- */

static size_t index_of(const struct links *links, uint32_t port)
{
	size_t low = 0, high = links->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (links->array[mid].port < port)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct link *find(const struct links *links, uint32_t port)
{
	size_t i = index_of(links, port);

	return i < links->count && links->array[i].port == port ? &links->array[i] : NULL;
}

const struct link *links_find(const struct links *links, uint32_t port)
{
	return find(links, port);
}

size_t links_count(const struct links *links)
{
	return links->count;
}

const struct link *links_at(const struct links *links, size_t index)
{
	return &links->array[index];
}

uint32_t links_up(const struct links *links)
{
	return links->up;
}

/* The dead time, stretched while we are late ourselves. */
static uint64_t patience(const struct links *links)
{
	uint64_t stretch = LATE_FACTOR * links->late_ns;

	if (links->late_ns < links->hello_ns / 4)
		return links->dead_ns;
	return links->dead_ns + (stretch < STRETCH_MAX ? stretch : STRETCH_MAX);
}

static void note_lateness(struct links *links, uint64_t now)
{
	uint64_t late = links->due_ns && now > links->due_ns ? now - links->due_ns : 0;

	links->late_ns -= links->late_ns / 8;
	if (late > links->late_ns)
		links->late_ns = late;
}

/* --- changes --------------------------------------------------------------------------------- */

static struct links_hello hello_to(const struct links *links, const struct link *link, uint64_t now)
{
	bool hears = link->live.up || live_hears(&link->live, now, patience(links));

	return (struct links_hello){
		.port = link->port,
		.peer = link->peer,
		.payload = {.epoch = htonl(links->epoch),
			    .flags = htonl(hears ? VDP_HELLO_HEARD : 0)},
	};
}

static void greet(struct links *links, struct link *link, uint64_t now)
{
	struct links_hello hello = hello_to(links, link, now);

	link->greeted = hello.payload.flags ? link->live.epoch : 0;
	links->ops->send(links->arg, VDP_CTL_GREET, &hello, 1);
}

static void went_down(struct links *links, struct link *link, uint32_t cause)
{
	links->up--;
	links->ops->down(links->arg, link, cause);
}

/* Judges one link. A neighbour is told that it is heard before anything else is sent to it, so that
 * it is up, too, when the first routing message arrives. */
static void judge(struct links *links, struct link *link, uint64_t now, bool restarted)
{
	uint64_t dead_ns = patience(links);

	if (restarted)
		went_down(links, link, FRAME_CAUSE_RESTART);
	if (live_deadline(&link->live, dead_ns) <= now)
		dead_ns += links->ops->wait_ns(links->arg, now);
	switch (live_judge(&link->live, now, dead_ns, links->grace_ns)) {
	case LIVE_UP:
		if (link->greeted != link->live.epoch)
			greet(links, link, now);
		links->up++;
		links->ops->up(links->arg, link,
			       restarted ? FRAME_CAUSE_RESTART : FRAME_CAUSE_HELLO);
		break;
	case LIVE_LOST:
		link->greeted = 0;
		link->wary_ns = now;
		went_down(links, link, FRAME_CAUSE_HELLO);
		break;
	case LIVE_SAME:
		break;
	}
}

int links_add(struct links *links, uint64_t now_ns, uint32_t port, uint32_t weight, uint32_t peer)
{
	struct link *link = find(links, port);
	size_t i;

	if (port < 2 || port >= VLSP_PORT_MAX || weight < 1 || weight > WEIGHT_MAX)
		return -EINVAL;
	if (link && link->peer != peer) {
		links_del(links, port);
		link = NULL;
	}
	if (link) {
		link->weight = weight;
		link->named = true;
		return 0;
	}
	if (links->count == links->size) {
		size_t size = links->size ? 2 * links->size : 4;
		struct link *array = reallocarray(links->array, size, sizeof(*array));

		if (!array)
			return -ENOMEM;
		links->array = array;
		links->size = size;
	}
	i = index_of(links, port);
	link = &links->array[i];
	memmove(link + 1, link, (links->count - i) * sizeof(*link));
	links->count++;
	*link = (struct link){.port = port, .weight = weight, .peer = peer, .named = true};
	live_init(&link->live, now_ns);
	greet(links, link, now_ns);
	return 0;
}

int links_weight(struct links *links, uint32_t port, uint32_t weight, bool *ret_changed)
{
	struct link *link = find(links, port);

	if (weight < 1 || weight > WEIGHT_MAX)
		return -EINVAL;
	if (!link)
		return -ENOENT;
	*ret_changed = link->live.up && link->weight != weight;
	link->weight = weight;
	link->named = true;
	return 0;
}

int links_del(struct links *links, uint32_t port)
{
	struct link *link = find(links, port);
	size_t i;

	if (!link)
		return -ENOENT;
	if (link->live.up)
		went_down(links, link, FRAME_CAUSE_CARRIER);
	i = (size_t)(link - links->array);
	links->count--;
	memmove(link, link + 1, (links->count - i) * sizeof(*link));
	return 0;
}

void links_unname(struct links *links)
{
	for (size_t i = 0; i < links->count; i++)
		links->array[i].named = false;
}

const struct link *links_unnamed(const struct links *links)
{
	for (size_t i = links->count; i > 0; i--) {
		if (!links->array[i - 1].named)
			return &links->array[i - 1];
	}
	return NULL;
}

void links_renew(struct links *links, uint64_t now_ns, uint32_t epoch)
{
	links->epoch = epoch;
	for (size_t i = 0; i < links->count; i++) {
		if (links->array[i].live.carrier)
			greet(links, &links->array[i], now_ns);
	}
}

void links_greeted(struct links *links, uint64_t now_ns, uint32_t port,
		   const struct vdp_hello *greeting)
{
	struct link *link = find(links, port);
	uint32_t epoch = ntohl(greeting->epoch);
	bool heard = ntohl(greeting->flags) & VDP_HELLO_HEARD, restarted;

	/* without carrier it is one that was under way when the link went down */
	if (!link || epoch == 0 || !link->live.carrier)
		return;
	/* A link that loses hellos but not greetings would go up and down for ever. */
	if (link->wary_ns && epoch == link->live.epoch)
		return;
	restarted = live_note(&link->live, epoch, now_ns, heard ? now_ns : 0);
	if (!heard)
		greet(links, link, now_ns);
	judge(links, link, now_ns, restarted);
}

void links_heard(struct links *links, uint64_t now_ns, uint32_t port)
{
	struct link *link = find(links, port);

	if (link && link->live.up)
		live_note(&link->live, link->live.epoch, now_ns, now_ns);
}

void links_carrier(struct links *links, uint64_t now_ns, uint32_t port, bool carrier)
{
	struct link *link = find(links, port);

	if (!link)
		return;
	if (live_carrier(&link->live, carrier, now_ns))
		went_down(links, link, FRAME_CAUSE_CARRIER);
	link->wary_ns = 0;
	if (!carrier)
		link->greeted = 0;
	else if (!link->live.up)
		greet(links, link, now_ns);
}

/* --- hellos ---------------------------------------------------------------------------------- */

static void hellos_send(struct links *links, uint64_t now)
{
	struct links_hello batch[BATCH];
	size_t n = 0;

	for (size_t i = 0; i < links->count; i++) {
		if (links->array[i].live.carrier)
			batch[n++] = hello_to(links, &links->array[i], now);
		if (n == BATCH || (n && i + 1 == links->count)) {
			links->ops->send(links->arg, VDP_CTL_HELLO, batch, n);
			n = 0;
		}
	}
}

static bool record_note(const struct links *links, struct link *link)
{
	const struct vlsp_hello *record;
	uint64_t heard_ns, seen_ns;

	if (!links->records)
		return false;
	record = &links->records[link->port];
	/* written by the BPF program meanwhile: each field is whole, and heard_ns is read first, so
	 * that it is never newer than what seen_ns and epoch tell */
	heard_ns = __atomic_load_n(&record->heard_ns, __ATOMIC_ACQUIRE);
	seen_ns = __atomic_load_n(&record->seen_ns, __ATOMIC_ACQUIRE);
	if (seen_ns > link->wary_ns)
		link->wary_ns = 0;
	return live_note(&link->live, __atomic_load_n(&record->epoch, __ATOMIC_ACQUIRE), seen_ns,
			 heard_ns);
}

uint64_t links_run(struct links *links, uint64_t now_ns)
{
	uint64_t next = NEVER;
	bool tick = now_ns >= links->tick_ns;

	note_lateness(links, now_ns);
	for (size_t i = 0; i < links->count; i++) {
		struct link *link = &links->array[i];
		uint64_t at;

		judge(links, link, now_ns, record_note(links, link));
		/* seen, but not known to be heard: both sides are there, a greeting was lost */
		if (tick && !link->live.up && live_hears(&link->live, now_ns, patience(links)))
			greet(links, link, now_ns);
		at = live_deadline(&link->live, patience(links));
		if (at < links->grace_ns)
			at = links->grace_ns;
		if (at <= now_ns) /* would be lost if the machine were not so busy */
			at = now_ns + links->hello_ns;
		if (at < next)
			next = at;
	}
	if (tick) {
		hellos_send(links, now_ns);
		links->tick_ns += links->hello_ns;
		if (links->tick_ns <= now_ns)
			links->tick_ns = now_ns + links->hello_ns;
	}
	if (next > links->tick_ns)
		next = links->tick_ns;
	links->due_ns = next;
	return next;
}
