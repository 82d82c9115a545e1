/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole router process but for its sockets: what the daemon says, what neighbours send, what the
 * kernel and the BPF programs tell, in any order. Its three sockets are replaced by what is below;
 * the input is a list of commands (see command()). Checked: every frame to the daemon and every
 * datagram to a neighbour is well-formed, what is told about routes agrees with the table that the
 * fast path reads, nothing is written beyond it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "daemon/router/load.h"
#include "daemon/router/proto_msg.h"
#include "daemon/router/router_priv.h"
#include "tests/fuzz/world.h"

#define NETWORK	       0x0a000000u
#define OWN	       (NETWORK + 1)
#define HOSTS	       64 /* addresses that somebody has; host 1 is ours */
#define PORTS	       8
#define PORT_FIRST     16
#define TIMERS_MAX     8
#define FRAME_BODY_MAX (FRAME_MAX - (uint32_t)sizeof(struct frame_head))

/* --- the world ----------------------------------------------------------------------------------
 */

static struct {
	struct input in;
	struct router *router; /* while it runs */
	const struct chan_ops *chan;
	const struct packet_ops *packet;
	carrier_fn carrier;
	carrier_end_fn carrier_end;
	bool connected;
	struct packet_stats stats;
	uint32_t told_seq[PORTS]; /* of our last message by each port */
	uint32_t told_sid[PORTS];
	uint32_t answers; /* frames that tell routes, since the last DUMP */
} world;

static struct vlsp_hello hellos[VLSP_PORT_MAX];
static struct vlsp_addr addrs[VLSP_ADDR_MAX];

uint64_t load_wait_ns(void)
{
	return world_random % 3 ? 0 : NSEC_PER_MSEC;
}

/* --- its sockets --------------------------------------------------------------------------------
 */

int chan_new(struct loop *loop, const char *path, const struct chan_ops *ops, void *arg,
	     struct chan **ret_chan)
{
	(void)loop;
	CHECK(strcmp(path, "router.sock") == 0);
	world.chan = ops;
	world.router = arg;
	*ret_chan = (struct chan *)&world;
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
	return 0;
}

static void routes_told(const void *body, uint32_t length)
{
	struct frame_routes head;
	struct frame_route route;

	CHECK(length >= sizeof(head) && (length - sizeof(head)) % sizeof(route) == 0);
	memcpy(&head, body, sizeof(head));
	CHECK(head.more <= 1);
	for (size_t at = sizeof(head); at < length; at += sizeof(route)) {
		memcpy(&route, (const char *)body + at, sizeof(route));
		CHECK(route.dst != OWN && route.port);
	}
	world.answers++;
}

int chan_send(struct chan *chan, enum frame_type type, const void *body, uint32_t length)
{
	const struct frame_link_state *state = body;

	(void)chan;
	if (!world.connected)
		return -ENOTCONN;
	CHECK(length <= FRAME_BODY_MAX);
	switch (type) {
	case FRAME_HELLO:
		CHECK(length == sizeof(struct frame_hello));
		break;
	case FRAME_READY:
		CHECK(length == 0);
		break;
	case FRAME_RIB:
		CHECK(length == sizeof(struct frame_rib));
		break;
	case FRAME_LINK:
		CHECK(length == sizeof(*state) && state->up <= 1 && state->port > 0);
		CHECK(state->cause >= FRAME_CAUSE_HELLO && state->cause <= FRAME_CAUSE_RESTART);
		break;
	case FRAME_ROUTES:
		routes_told(body, length);
		break;
	case FRAME_PONG:
		CHECK(length == sizeof(uint32_t));
		break;
	default:
		CHECK(!"a frame that a router sends");
	}
	return 0;
}

int packet_new(struct loop *loop, const struct packet_ops *ops, void *arg,
	       struct packet **ret_packet)
{
	(void)loop;
	(void)arg;
	world.packet = ops;
	*ret_packet = (struct packet *)&world;
	return 0;
}

void packet_free(struct packet *packet)
{
	(void)packet;
}

void packet_address(struct packet *packet, uint32_t address)
{
	(void)packet;
	CHECK(address == OWN);
}

void packet_hellos(struct packet *packet, uint16_t kind, const struct links_hello *list,
		   size_t count)
{
	(void)packet;
	CHECK(kind == VDP_CTL_HELLO || kind == VDP_CTL_GREET);
	for (size_t i = 0; i < count; i++)
		CHECK(list[i].port > 0 && list[i].port < VLSP_PORT_MAX && list[i].payload.epoch);
}

void packet_send(struct packet *packet, uint32_t port, uint32_t peer, uint16_t kind,
		 const void *payload, size_t size)
{
	struct proto_head head;

	(void)packet;
	(void)peer;
	CHECK(kind == VDP_CTL_ROUTES && size <= PROTO_MESSAGE_MAX);
	CHECK(proto_msg_check(payload, size, &head) == 0 && head.address == OWN);
	if (port >= PORT_FIRST && port < PORT_FIRST + PORTS) {
		world.told_sid[port - PORT_FIRST] = head.sid_tx;
		if (head.seq)
			world.told_seq[port - PORT_FIRST] = head.seq;
	}
}

const struct packet_stats *packet_stats(const struct packet *packet)
{
	(void)packet;
	return &world.stats;
}

int carrier_new(struct loop *loop, carrier_fn fn, carrier_end_fn end, void *arg,
		struct carrier **ret_carrier)
{
	(void)loop;
	(void)arg;
	world.carrier = fn;
	world.carrier_end = end;
	*ret_carrier = (struct carrier *)&world;
	return 0;
}

void carrier_free(struct carrier *carrier)
{
	(void)carrier;
}

int icmp_open(void)
{
	return fcntl(0, F_DUPFD_CLOEXEC, 3);
}

int icmp_send(int sock, const uint8_t *packet, size_t size)
{
	CHECK(sock > 0 && size >= 48 && size <= ICMP_ERROR_MAX && packet[0] == 0x45);
	return world_random % 5 ? 0 : -ENOBUFS;
}

/* --- what happens to it -------------------------------------------------------------------------
 */

static void frame(uint16_t type, const void *body, uint32_t length, int fd)
{
	static uint8_t buf[FRAME_MAX] __attribute__((aligned(8)));
	/* as lib/wire/frame.c has it: in a buffer, behind the head */
	uint8_t *at = buf + sizeof(struct frame_head);

	if (length)
		memcpy(at, body, length);
	world.chan->frame(world.router, type, at, length, fd);
	world.chan->batch_end(world.router);
}

static uint32_t port_of(struct input *in)
{
	uint8_t byte = input_byte(in);

	return byte == 255 ? input_u32(in) : PORT_FIRST + byte % PORTS;
}

static uint32_t host_of(struct input *in)
{
	uint8_t byte = input_byte(in);

	return byte == 255 ? input_u32(in) : NETWORK + byte % HOSTS;
}

static void say_config(struct input *in)
{
	struct frame_config config = {.address = OWN,
				      .network = NETWORK,
				      .prefix_len = 16,
				      .hello_us = 40000,
				      .dead_us = 120000};
	uint8_t flags = input_byte(in);

	config.mode = flags & 1;
	if (flags & 2) {
		config.hello_us = 1000 + input_u16(in);
		config.dead_us = config.hello_us + 1 + input_u16(in);
	}
	if (flags & 4)
		config.prefix_len = 16 + input_byte(in) % 16;
	if (flags & 8)
		config.mode = input_u32(in);
	if (flags & 16)
		config.address = input_u32(in);
	frame(FRAME_CONFIG, &config, sizeof(config), -1);
}

static void say_links(struct input *in)
{
	struct frame_link links[8];
	uint32_t count = input_byte(in) % 8;

	for (uint32_t i = 0; i < count; i++) {
		uint8_t how = input_byte(in);

		links[i] = (struct frame_link){.op = how & 0x40 ? input_u32(in) : 1 + how % 3u,
					       .port = port_of(in),
					       .weight = how & 0x80 ? input_u32(in) : 1};
		links[i].peer_address = how & 0x20 ? host_of(in)
						   : NETWORK + 2 + links[i].port % HOSTS;
	}
	frame(FRAME_LINKS, links, count * (uint32_t)sizeof(links[0]), -1);
}

static void say_fib(struct input *in)
{
	struct frame_route routes[8];
	uint32_t count = input_byte(in) % 8;

	for (uint32_t i = 0; i < count; i++) {
		routes[i] = (struct frame_route){.dst = host_of(in)};
		routes[i].port = port_of(in);
		routes[i].metric = input_u32(in);
	}
	frame(FRAME_FIB, routes, count * (uint32_t)sizeof(routes[0]), -1);
}

static void say_map(struct input *in)
{
	uint32_t capacity = VLSP_FIB_MIN << input_byte(in) % 3;
	int fd = -1;

	if (input_byte(in) & 1) {
		fd = memfd_create("fib", MFD_CLOEXEC);
		CHECK(fd >= 0 &&
		      ftruncate(fd, (off_t)router_map_length(VLSP_SLOT_MAX,
							     sizeof(struct vlsp_fib))) == 0);
	} else if (input_byte(in) & 1) {
		capacity = input_u32(in);
	}
	frame(FRAME_FIB_MAP, &capacity, sizeof(capacity), fd);
}

static void say_raw(struct input *in)
{
	uint16_t type = input_u16(in);
	struct input body = input_take(in, input_u16(in));
	uint8_t *copy = input_copy(body);

	frame(type % 80, copy, (uint32_t)body.left, -1);
	free(copy);
}

static void say_dump(struct input *in)
{
	uint32_t cookie = input_byte(in);

	world.answers = 0;
	frame(FRAME_DUMP, &cookie, sizeof(cookie), -1);
	if (world.connected && world.router->configured)
		CHECK(world.answers > 0);
}

/* From the neighbour on port: checked by vdp_ctl_decode() already. */
static void hear(uint32_t port, uint16_t kind, const void *payload, size_t size)
{
	struct vdp_ctl ctl = {.src = NETWORK + 2 + port % HOSTS,
			      .dst = OWN,
			      .kind = kind,
			      .payload = payload,
			      .size = size};

	world.packet->control(world.router, port, &ctl);
	world.packet->batch_end(world.router);
}

static void hear_greeting(struct input *in)
{
	uint32_t port = port_of(in);
	uint8_t how = input_byte(in);
	const struct vdp_hello greeting = {.epoch = htonl(how & 2 ? input_u32(in) : 7 + port),
					   .flags = htonl(how & 1)};

	hear(port, VDP_CTL_GREET, &greeting, how & 4 ? input_byte(in) % 8 : sizeof(greeting));
}

static void hear_raw(struct input *in)
{
	uint32_t port = port_of(in);
	uint16_t kind = input_byte(in);
	struct input payload = input_take(in, input_u16(in) % 1500);
	uint8_t *copy = input_copy(payload);

	hear(port, kind, copy, payload.left);
	free(copy);
}

static void hear_routes(struct input *in)
{
	uint32_t port = port_of(in), i = (port - PORT_FIRST) % PORTS;
	uint8_t flags = input_byte(in), count = flags & 15;
	struct proto_head head = {.address = NETWORK + 2 + port % HOSTS,
				  .epoch_tx = 7 + port,
				  .epoch_rx = world.router->epoch,
				  .sid_tx = 1 + (flags >> 4 & 1),
				  .seq = input_byte(in)};
	struct proto_writer writer;

	head.sid_rx = flags & 0x20 ? 0 : world.told_sid[i];
	head.ack = head.sid_rx && !(flags & 0x40) ? world.told_seq[i] : 0;
	head.mask = head.ack && (flags & 0x80) ? input_u32(in) : 0;
	proto_msg_begin(&writer);
	for (; count && head.seq; count--) {
		struct proto_entry e = {.dst = host_of(in), .seqno = input_byte(in)};
		uint8_t metric = input_byte(in);

		if (metric == 254) {
			e.hops = 1 + input_byte(in);
			if (e.dst != head.address)
				proto_msg_add(&writer, PROTO_MSG_REQUEST, &e);
			continue;
		}
		e.metric = metric == 255 ? PROTO_INFINITY : 1 + metric;
		if (e.dst == head.address)
			e.metric = 0;
		proto_msg_add(&writer, PROTO_MSG_UPDATE, &e);
	}
	if (!head.seq != (writer.size == PROTO_MSG_HEAD))
		return;
	proto_msg_end(&writer, &head);
	hear(port, VDP_CTL_ROUTES, writer.data, writer.size);
}

static void hear_data(struct input *in)
{
	uint32_t port = input_byte(in) & 1 ? PACKET_PORT_LOCAL : port_of(in);
	struct vdp_hdr head = {.version_flags = input_byte(in), .ttl = input_byte(in)};
	uint8_t buf[600];
	struct input rest;

	head.protocol = input_byte(in);
	head.src = htonl(host_of(in));
	head.dst = htonl(host_of(in));
	rest = input_take(in, input_u16(in) % (sizeof(buf) - sizeof(head)));
	memcpy(buf, &head, sizeof(head));
	if (rest.left)
		memcpy(buf + sizeof(head), rest.at, rest.left);
	world.packet->data(world.router, port, buf, sizeof(head) + rest.left,
			   sizeof(head) + rest.left + input_u16(in));
	world.packet->batch_end(world.router);
}

/* What the BPF program noted of a hello. */
static void note_hello(struct input *in)
{
	uint32_t port = PORT_FIRST + input_byte(in) % PORTS;
	uint8_t how = input_byte(in);
	struct vlsp_hello *hello = &hellos[port];

	hello->seen_ns = how & 2 ? (uint64_t)input_u32(in) << 16 : world_now_ns;
	hello->heard_ns = how & 1 ? hello->seen_ns : hello->heard_ns;
	hello->epoch = how & 4 ? input_u32(in) : 7 + port;
}

static void pass_time(struct input *in)
{
	uint8_t how = input_byte(in);

	world_pass((uint64_t)(how & 0x7f) << (how & 0x80 ? 27 : 19));
}

UNWATCHED static void check(void)
{
	const struct router *router = world.router;
	struct proto_stats stats;
	uint64_t sum = 0;
	uint32_t routes = 0;

	for (uint32_t slot = 0; slot < router->capacity; slot++) {
		routes += router->maps.fib[slot].port != 0;
		sum += router->maps.fib[slot].port ? router->maps.fib[slot].metric : 0;
	}
	CHECK(routes == fib_routes(router->fib) && sum == fib_metric_sum(router->fib));
	if (!router->proto)
		return;
	proto_stats(router->proto, &stats);
	CHECK(stats.neighbours == links_up(router->links));
}

static void command(struct input *in)
{
	uint32_t port;

	switch (input_byte(in) % 16) {
	case 0:
		say_config(in);
		break;
	case 1:
		say_links(in);
		break;
	case 2:
		say_fib(in);
		break;
	case 3:
		say_map(in);
		break;
	case 4:
		say_raw(in);
		break;
	case 5:
		say_dump(in);
		break;
	case 6:
		world.connected = !world.connected;
		if (world.connected)
			world.chan->connected(world.router);
		break;
	case 7:
		frame(FRAME_LINKS_END, NULL, 0, -1);
		break;
	case 8:
		hear_greeting(in);
		break;
	case 9:
		hear_raw(in);
		break;
	case 10:
	case 11:
		hear_routes(in);
		break;
	case 12:
		hear_data(in);
		break;
	case 13:
		port = port_of(in);
		world.carrier(world.router, port, input_byte(in) & 1);
		world.carrier_end(world.router);
		break;
	case 14:
		note_hello(in);
		break;
	default:
		pass_time(in);
	}
}

/* In place of the loop: called by router_run() when everything is open. */
int loop_run(struct loop *loop)
{
	CHECK(loop == &world_loop && world.router);
	world.connected = true;
	world.chan->connected(world.router);
	while (world.in.left && !loop->stopped) {
		command(&world.in);
		check();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct spawn_request request = {.address = OWN,
						     .fib_capacity = VLSP_FIB_MIN,
						     .name = "r1",
						     .socket = "router.sock"};
	size_t length = router_map_length(VLSP_FIB_MIN, sizeof(struct vlsp_fib));
	struct router_maps maps = {.hello = hellos, .addr = addrs};
	struct router *router;

	if (!addrs[1].slot1)
		for (uint32_t host = 1; host < HOSTS; host++) /* some need a larger FIB */
			addrs[host].slot1 = host % 5 ? host : host * 40;
	memset(&world, 0, sizeof(world));
	memset(hellos + PORT_FIRST, 0, PORTS * sizeof(hellos[0]));
	world.in = (struct input){data, size};
	world_begin();
	maps.fib = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(maps.fib != MAP_FAILED);
	CHECK(router_run(&request, &maps) == 0);
	router = world.router;
	world_end();
	loop_free(&world_loop);
	munmap(router->maps.fib, router_map_length(router->capacity, sizeof(struct vlsp_fib)));
	memset(router, 0, sizeof(*router)); /* it is static there: a process has one */
	return 0;
}
