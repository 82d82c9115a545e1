/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole relay: frames in its ring, right and wrong, the daemon's frames, and time. Input:
 * steps, see step(); one is taken whenever the relay would wait. Ring, connection, sockets and
 * clock are the target's. Checked: what is held is in a queue or in the heap, and nowhere else;
 * queues are as long as is told; nothing is sent before it is due, and in the order of its times;
 * at the end all memory and descriptors have come back.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "daemon/relay/relay_priv.h"
#include "tests/fuzz/world.h"

#define PORTS	 8 /* that are used, from VLSP_PORT_FIRST on, if nothing strange comes */
#define RING_MAX 64
#define BODY_MAX 256

static struct input input;
static struct relay *subject;
static bool strange; /* times or ports that no program writes: order is not judged */

/* --- what the process does to itself -----------------------------------------------------------
 */

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
	(void)pid;
	(void)policy;
	(void)param;
	return -1;
}

int setpriority(__priority_which_t which, id_t who, int priority)
{
	(void)which;
	(void)who;
	(void)priority;
	return 0;
}

int mlockall(int flags)
{
	(void)flags;
	return 0;
}

int confine_no_new_privs(void);
int confine_no_new_privs(void)
{
	return 0;
}

/* --- the ring ----------------------------------------------------------------------------------
 */

struct bpfring {
	void *records[RING_MAX];
	uint32_t sizes[RING_MAX];
	unsigned count, at;
};

int bpfring_open(int fd, struct bpfring **ret_ring)
{
	if (lseek(fd, 0, SEEK_END) < 0) /* no map */
		return -EINVAL;
	*ret_ring = calloc(1, sizeof(**ret_ring));
	CHECK(*ret_ring);
	return 0;
}

void bpfring_close(struct bpfring *ring)
{
	for (unsigned i = ring ? ring->at : 0; ring && i < ring->count; i++)
		free(ring->records[i]);
	free(ring);
}

const void *bpfring_peek(struct bpfring *ring, uint32_t *ret_size)
{
	if (ring->at == ring->count)
		return NULL;
	*ret_size = ring->sizes[ring->at];
	return ring->records[ring->at];
}

void bpfring_next(struct bpfring *ring)
{
	CHECK(ring->at < ring->count);
	free(ring->records[ring->at++]);
}

bool bpfring_empty(const struct bpfring *ring)
{
	return ring->at == ring->count;
}

static uint64_t number(void)
{
	static const uint64_t usual[] = {
		0, 1, 8, 9600, 1000000, 1000000000, 10000000000000, 100000000, UINT64_MAX};
	uint8_t which = input_byte(&input);
	uint64_t high;

	if (which < 0xf0)
		return usual[which % 8] + which / 64;
	high = input_u32(&input);
	return high << 32 | input_u32(&input);
}

static void fill_frame(struct vlsp_frame *frame, uint32_t length)
{
	uint8_t how = input_byte(&input);

	frame->arrived_ns = world_now_ns - input_u16(&input) * 100ull;
	frame->n = input_byte(&input);
	frame->port = VLSP_PORT_FIRST + (how & 7) % PORTS;
	frame->slot = how >> 3 & 3;
	frame->flags = how >> 5 & 3;
	frame->length = length;
	frame->shape.link = input_byte(&input) % 3u;
	frame->shape.key = 42;
	frame->shape.rate = number();
	frame->shape.delay_ns = input_byte(&input) * NSEC_PER_MSEC;
	frame->shape.jitter_ns = input_byte(&input) * NSEC_PER_MSEC;
	frame->shape.limit = input_byte(&input);
	frame->shape.overhead = (int8_t)input_byte(&input);
	frame->shape.distribution = input_byte(&input);
	frame->shape.flags = input_byte(&input);
	if (how != 0xff)
		return;
	strange = true;
	frame->port = input_u32(&input) >> (input_byte(&input) & 31);
	frame->arrived_ns = number();
	frame->shape.delay_ns = number();
	frame->shape.jitter_ns = number();
	frame->shape.overhead = (int32_t)input_u32(&input);
	frame->length = input_u32(&input) >> (input_byte(&input) & 31);
}

static void add_frame(struct bpfring *ring)
{
	uint32_t length = input_byte(&input) * 6u, size = sizeof(struct vlsp_frame) + length;
	uint8_t cut = input_byte(&input);
	struct vlsp_frame *frame;

	if (ring->at == ring->count)
		ring->at = ring->count = 0;
	if (ring->count == RING_MAX)
		return;
	frame = calloc(1, size);
	CHECK(frame);
	fill_frame(frame, length);
	if (cut > 250) { /* a record that ends early; exactly as large, so that reads beyond show */
		void *less;

		size = input_byte(&input);
		less = malloc(size ? size : 1);
		CHECK(less);
		memcpy(less, frame, size < sizeof(*frame) ? size : sizeof(*frame));
		if (size > sizeof(*frame))
			memset((char *)less + sizeof(*frame), 1, size - sizeof(*frame));
		free(frame);
		frame = less;
	}
	ring->records[ring->count] = frame;
	ring->sizes[ring->count++] = size;
}

/* --- the daemon --------------------------------------------------------------------------------
 */

static const struct chan_ops *chan_ops;
static unsigned synced, acknowledged;

int chan_new(struct loop *loop, const char *path, const struct chan_ops *ops, void *arg,
	     struct chan **ret_chan)
{
	(void)loop;
	(void)path;
	chan_ops = ops;
	*ret_chan = (struct chan *)arg;
	subject = arg;
	return 0;
}

void chan_free(struct chan *chan)
{
	(void)chan;
}

int chan_connect(struct chan *chan, unsigned wait_ms)
{
	(void)chan;
	(void)wait_ms;
	chan_ops->connected(subject);
	return 0;
}

int chan_send(struct chan *chan, enum frame_type type, const void *body, uint32_t length)
{
	(void)chan;
	CHECK(type == FRAME_HELLO || type == FRAME_ACK);
	CHECK(length == 0 || body);
	acknowledged += type == FRAME_ACK;
	return 0;
}

int chan_give(struct chan *chan, enum frame_type type, int fd)
{
	(void)chan;
	CHECK(type == FRAME_LINES && fd >= 0);
	return 0;
}

static void say(uint16_t type, const void *body, uint32_t size, int fd)
{
	void *copy = input_copy((struct input){body, size});

	synced += type == FRAME_SYNC;
	chan_ops->frame(subject, type, copy, size, fd);
	CHECK(acknowledged == synced);
	free(copy);
}

static void say_something(void)
{
	static const uint16_t types[] = {FRAME_RING,	    FRAME_WAKE, FRAME_ROUTER,
					 FRAME_ROUTER_GONE, FRAME_SYNC, FRAME_SHAPE};
	uint8_t which = input_byte(&input), fd = input_byte(&input);
	uint16_t type = which < 240 ? types[which % 6u] : input_u16(&input);
	struct input body = input_take(&input, input_byte(&input));
	int memory = fd & 1 ? memfd_create("fuzz", MFD_CLOEXEC) : -1;

	if (memory >= 0) /* a map is never smaller */
		CHECK(ftruncate(memory, 4096) == 0);
	if (fd & 4 && memory < 0)
		memory = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (type == FRAME_QUIT && which < 250)
		type = FRAME_SYNC;
	say(type, body.at, (uint32_t)body.left, memory);
}

static void change_shape(void)
{
	struct relay_shape news = {.port = VLSP_PORT_FIRST + input_byte(&input) % PORTS};

	news.shape.link = input_byte(&input) % 3u;
	news.shape.rate = number();
	news.shape.limit = input_byte(&input);
	news.shape.overhead = (int8_t)input_byte(&input);
	say(FRAME_SHAPE, &news, sizeof(news), -1);
}

/* --- sockets -----------------------------------------------------------------------------------
 */

struct sender {
	int socks[4];
};

int sender_new(struct sender **ret_sender)
{
	*ret_sender = malloc(sizeof(**ret_sender));
	CHECK(*ret_sender);
	memset(*ret_sender, 0xff, sizeof(**ret_sender));
	return 0;
}

void sender_free(struct sender *sender)
{
	for (unsigned i = 0; i < 4; i++)
		if (sender->socks[i] >= 0)
			close(sender->socks[i]);
	free(sender);
}

int sender_router(struct sender *sender, uint32_t slot, int sock)
{
	if (slot >= 4)
		return -EINVAL;
	if (sender->socks[slot] >= 0)
		close(sender->socks[slot]);
	sender->socks[slot] = sock;
	return 0;
}

void send_packets(struct sender *sender, struct packet *const *packets, const uint32_t *slots,
		  const uint32_t *ports, size_t count, uint8_t *lost)
{
	CHECK(sender && count > 0 && count <= SEND_MAX);
	for (size_t i = 0; i < count; i++) {
		CHECK(packets[i]->due_ns <= world_now_ns);
		CHECK(packets[i]->length <= VLSP_FRAME_MAX);
		CHECK(packets[i]->line->link == packets[i]->link);
		CHECK(ports[i] == packets[i]->line->port && ports[i] >= VLSP_PORT_FIRST);
		if (i > 0 && !strange)
			CHECK(packets[i]->due_ns >= packets[i - 1]->due_ns);
		lost[i] = slots[i] >= 4 || sender->socks[slots[i]] < 0 ? SEND_GONE
			  : packets[i]->n == 7			       ? SEND_OVERRUN
								       : 0;
	}
}

/* --- waiting -----------------------------------------------------------------------------------
 */

UNWATCHED static size_t queued(uint32_t port)
{
	const struct line *line = subject->lines[port];
	size_t count = 0;

	if (!line)
		return 0;
	for (const struct packet *packet = line->head; packet; packet = packet->next, count++)
		CHECK(packet->line == line);
	CHECK(subject->stats[port].queue == count);
	CHECK(!line->head || line->tick_ns == line->end_ns); /* somebody will come for it */
	return count;
}

UNWATCHED static void check_held(void)
{
	size_t held = 0;

	for (size_t i = 0; i < subject->heap.count; i++)
		held += !((uintptr_t)subject->heap.entries[i].what & 1);
	for (uint32_t port = VLSP_PORT_FIRST; port < subject->line_end; port++)
		held += queued(port);
	CHECK(held == subject->hold.held);
	CHECK(subject->hold.held_bytes <= subject->hold.limit);
}

static void step(uint64_t at_ns)
{
	uint8_t what = input_byte(&input);

	switch (what % 6) {
	case 0:
		for (unsigned n = 1 + what / 6 % 20u; n > 0 && subject->ring; n--)
			add_frame(subject->ring);
		break;
	case 1:
		say_something();
		break;
	case 2:
		change_shape();
		break;
	case 3:
		world_now_ns += input_u16(&input) * 1000ull;
		break;
	case 4: /* late */
		world_now_ns += input_byte(&input) * NSEC_PER_SEC;
		break;
	default:
		if (at_ns > world_now_ns)
			world_now_ns = at_ns;
	}
}

void wait_until(struct relay *relay, uint64_t at_ns)
{
	CHECK(relay == subject);
	check_held();
	if (!input.left || world_now_ns > 1000000 * NSEC_PER_SEC)
		relay->quit = true;
	else
		step(at_ns);
}

void wait_reckon(struct relay *relay)
{
	relay->pace->held = relay->hold.held;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct relay_config config = {.socket = "/nowhere", .memory = 20000, .spin = 10};
	int before = world_fds();

	input = (struct input){data, size};
	strange = false;
	synced = acknowledged = 0;
	world_begin();
	CHECK(relay_run(&config) == EXIT_SUCCESS);
	world_end();
	CHECK(world_fds() == before);
	return 0;
}
