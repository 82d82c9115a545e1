// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The relay's round: read the ring, put each frame into its line, send what is due, wait. Started
 * by main.c. The conversation with the daemon is in control.c, waiting in wait.c.
 */
#include "daemon/relay/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/relay/relay_priv.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/confine/confine.h"

#define FRAMES_A_ROUND 256
#define LATE_NS	       NSEC_PER_MSEC
#define CONTROL_NS     (5 * NSEC_PER_MSEC) /* how often the daemon is heard while there is work */
#define RECKON_NS      (NSEC_PER_SEC / 4)
#define POLL_NS	       (2 * NSEC_PER_MSEC) /* the ring is looked at while frames come */

#define CATCH_UP 64 /* rounds, at most: more than the ring holds */

/* The heap holds packets, which are due, and lines, whose transmitter will be done. */
static void *as_line(struct line *line)
{
	return (char *)line + 1;
}

static struct line *line_in(void *what)
{
	return (uintptr_t)what & 1 ? (struct line *)(void *)((char *)what - 1) : NULL;
}

static void lost(struct relay *relay, struct packet *packet)
{
	relay->pace->overruns++;
	packet->line->stats->overruns++;
	hold_put(&relay->hold, packet);
}

static void due(void *arg, struct packet *packet)
{
	struct relay *relay = arg;

	packet->line->stats->held++;
	if (heap_push(&relay->heap, packet->due_ns, packet) == 0)
		return;
	packet->line->stats->held--;
	lost(relay, packet);
}

void relay_line_changed(struct relay *relay, struct line *line)
{
	uint64_t next = line_next(line);

	if (next == line->tick_ns)
		return;
	line->tick_ns = next;
	/* Without memory the next frame of the line moves it on. */
	if (next && heap_push(&relay->heap, next, as_line(line)) < 0)
		line->tick_ns = 0;
}

static struct line *line_of(struct relay *relay, const struct vlsp_frame *frame)
{
	struct line *line = relay->lines[frame->port];

	if (!line) {
		line = malloc(sizeof(*line));
		if (!line)
			return NULL;
		line_init(line, frame->port, due, relay, &relay->stats[frame->port]);
		relay->lines[frame->port] = line;
		if (frame->port >= relay->line_end)
			relay->line_end = frame->port + 1;
	}
	if (line->link != frame->shape.link) {
		line_shape(line, &(struct vlsp_shape){0}, frame->arrived_ns); /* empties it */
		line_begin(line, frame->slot, frame->shape.link);
	}
	return line;
}

static void take(struct relay *relay, const struct vlsp_frame *frame, uint32_t size)
{
	struct packet *packet;
	struct line *line;

	if (size < sizeof(*frame) || frame->length > size - sizeof(*frame) ||
	    frame->port < VLSP_PORT_FIRST || frame->port >= VLSP_PORT_MAX)
		return; /* not by our programs */
	line = line_of(relay, frame);
	packet = line ? hold_get(&relay->hold, frame->length) : NULL;
	if (!packet) {
		relay->pace->overruns++;
		relay->stats[frame->port].overruns++;
		return;
	}
	packet->n = frame->n;
	packet->link = frame->shape.link;
	packet->flags = (uint8_t)frame->flags;
	packet->delay_ns = frame->shape.delay_ns;
	packet->jitter_ns = frame->shape.jitter_ns;
	packet->key = frame->shape.key;
	packet->distribution = (uint8_t)frame->shape.distribution;
	packet->keep = (frame->shape.flags & VLSP_SHAPE_KEEP) != 0;
	memcpy(packet->frame, frame->data, frame->length);
	if (frame->shape.rate != line->shape.rate)
		line_shape(line, &frame->shape, frame->arrived_ns);
	else
		line->shape = frame->shape;
	if (!line_take(line, packet, frame->arrived_ns))
		hold_put(&relay->hold, packet);
	relay_line_changed(relay, line);
}

static unsigned read_ring(struct relay *relay)
{
	const struct vlsp_frame *frame;
	uint32_t size;
	unsigned n = 0;

	for (; n < FRAMES_A_ROUND && (frame = bpfring_peek(relay->ring, &size)); n++) {
		take(relay, frame, size);
		bpfring_next(relay->ring);
	}
	return n;
}

void relay_catch_up(struct relay *relay)
{
	for (int i = 0; i < CATCH_UP && relay->ring && read_ring(relay); i++)
		;
}

static void reckon_late(struct relay *relay, struct packet *const *packets, size_t count)
{
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < count; i++) {
		struct vlsp_line *stats = packets[i]->line->stats;
		uint64_t late = now - packets[i]->due_ns;

		stats->sent++;
		if (late > stats->late_max_ns)
			stats->late_max_ns = late;
		if (late <= LATE_NS)
			continue;
		stats->late++;
		relay->pace->late++;
	}
	relay->pace->sent += count;
}

static void flush(struct relay *relay, struct packet **packets, size_t count)
{
	uint32_t slots[SEND_MAX], ports[SEND_MAX];
	uint8_t why[SEND_MAX] = {0};

	for (size_t i = 0; i < count; i++) {
		slots[i] = packets[i]->line->slot;
		ports[i] = packets[i]->line->port;
	}
	reckon_late(relay, packets, count);
	send_packets(relay->sender, packets, slots, ports, count, why);
	for (size_t i = 0; i < count; i++) {
		if (why[i] == SEND_OVERRUN) {
			lost(relay, packets[i]);
			continue;
		}
		if (why[i] == SEND_GONE)
			packets[i]->line->stats->gone++;
		hold_put(&relay->hold, packets[i]);
	}
}

/* False: the port is another link's by now, and the packet has ended with its own. */
static bool leaves(struct relay *relay, struct packet *packet)
{
	struct line *line = packet->line;

	line->stats->held--;
	if (line->link == packet->link)
		return true;
	hold_put(&relay->hold, packet);
	return false;
}

/* True if something was due. */
static bool send_due(struct relay *relay, uint64_t now)
{
	const struct heap_entry *first;
	struct packet *packets[SEND_MAX];
	size_t count = 0;
	bool any = false;

	while (count < SEND_MAX && (first = heap_first(&relay->heap)) && first->at_ns <= now) {
		struct line *line = line_in(first->what);
		uint64_t at_ns = first->at_ns;

		any = true;
		if (!line && leaves(relay, first->what))
			packets[count++] = first->what;
		heap_pop(&relay->heap);
		if (!line || line->tick_ns != at_ns)
			continue;
		line->tick_ns = 0;
		line_advance(line, now);
		relay_line_changed(relay, line);
	}
	if (count)
		flush(relay, packets, count);
	return any;
}

static void rounds(struct relay *relay)
{
	uint64_t heard = 0, reckoned = 0, came = 0;

	while (!relay->quit) {
		uint64_t now = clock_mono_ns(), next;
		bool busy = false;

		if (relay->ring && read_ring(relay)) {
			busy = true;
			came = now;
		}
		busy |= send_due(relay, now);
		if (now - heard > CONTROL_NS) {
			loop_once(relay->loop, 0);
			heard = now;
		}
		if (now - reckoned > RECKON_NS) {
			wait_reckon(relay);
			reckoned = now;
		}
		if (busy)
			continue;
		next = heap_first(&relay->heap) ? heap_first(&relay->heap)->at_ns : 0;
		if (came && now - came < POLL_NS && (!next || next > now + POLL_NS))
			next = now + POLL_NS;
		wait_until(relay, next);
	}
}

/* First, and as long as it may: the rest is done as a user without privileges. */
static void get_realtime(struct relay *relay)
{
	struct sched_param param = {.sched_priority = 1};

	relay->realtime = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) == 0;
	if (!relay->realtime && setpriority(PRIO_PROCESS, 0, -20) < 0)
		log_debug("relay: ordinary priority: %s", strerror(errno));
	prctl(PR_SET_TIMERSLACK, 1UL);
	/* What is mapped later counts, too, and then as an ordinary user's. */
	if (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}) < 0 ||
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		log_debug("relay: memory is not locked: %s", strerror(errno));
}

static int become(uint32_t uid)
{
	int r = uid ? confine_user(uid, 0) : 0;

	if (r == 0 && uid)
		r = confine_caps(0);
	return r == 0 ? confine_no_new_privs() : r;
}

static int lines_new(struct relay *relay)
{
	void *p;

	relay->lines_fd = memfd_create("vlsp-relay", MFD_CLOEXEC);
	if (relay->lines_fd < 0 || ftruncate(relay->lines_fd, RELAY_LINES_SIZE) < 0)
		return -errno;
	p = mmap(NULL, RELAY_LINES_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, relay->lines_fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	relay->stats = p;
	relay->pace = p;
	return 0;
}

static int prepare(struct relay *relay, const struct relay_config *config)
{
	int r;

	relay->spin = config->spin;
	relay->ring_fd = relay->lines_fd = -1;
	hold_init(&relay->hold, config->memory);
	get_realtime(relay);
	relay->sched_fd = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC); /* not everywhere */
	r = loop_new(&relay->loop);
	if (r == 0)
		r = lines_new(relay);
	if (r == 0)
		r = sender_new(&relay->sender);
	if (r < 0) {
		log_error("relay: %s", strerror(-r));
		return r;
	}
	r = become(config->uid);
	if (r < 0) {
		log_error("relay: becoming user %u: %s", config->uid, strerror(-r));
		return r;
	}
	r = control_open(relay, config->socket);
	if (r < 0)
		log_error("relay: %s: %s", config->socket, strerror(-r));
	return r;
}

static void put_all(struct relay *relay)
{
	for (size_t i = 0; i < relay->heap.count; i++)
		if (!line_in(relay->heap.entries[i].what))
			hold_put(&relay->hold, relay->heap.entries[i].what);
	for (uint32_t port = 0; port < relay->line_end; port++) {
		struct line *line = relay->lines[port];

		for (struct packet *packet = line ? line->head : NULL, *next; packet;
		     packet = next) {
			next = packet->next;
			hold_put(&relay->hold, packet);
		}
		free(line);
	}
}

static void finish(struct relay *relay)
{
	put_all(relay);
	heap_done(&relay->heap);
	hold_done(&relay->hold);
	sender_free(relay->sender);
	chan_free(relay->chan);
	loop_free(relay->loop);
	bpfring_close(relay->ring);
	if (relay->wake)
		munmap((void *)(uintptr_t)relay->wake, sizeof(*relay->wake));
	if (relay->stats)
		munmap(relay->stats, RELAY_LINES_SIZE);
	if (relay->ring_fd >= 0)
		close(relay->ring_fd);
	if (relay->lines_fd >= 0)
		close(relay->lines_fd);
	if (relay->sched_fd >= 0)
		close(relay->sched_fd);
	free(relay);
}

int relay_run(const struct relay_config *config)
{
	struct relay *relay = calloc(1, sizeof(*relay)); /* large */
	int r = relay ? prepare(relay, config) : -ENOMEM;

	if (r == 0)
		rounds(relay);
	if (relay)
		finish(relay);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
