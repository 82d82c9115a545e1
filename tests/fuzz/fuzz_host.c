/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon hears from its processes: frames of routers (local_chan.c, local_router.c,
 * local_dump.c) over real sockets, and the spawner's answers (local_spawn.c). No process is started
 * or killed, and there are no BPF maps: what would do so is replaced below. Input: commands (see
 * command()). Checked: only a process that is who it says is believed, every question is answered
 * once, descriptors and timers come back, no router is forgotten.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "daemon/host/local_priv.h"
#include "tests/fuzz/world.h"

#define SLOTS	    4
#define CLIENTS_MAX 4
#define COMMANDS    60

static struct {
	int spawner; /* the other end of the daemon's socket to it; -1: none */
	int clients[CLIENTS_MAX];
	unsigned dumps, answers;
	bool batch_end;
} outside;

static char dir[64], path[100];
static struct local local;
static pid_t self;

/* --- no processes, no maps ----------------------------------------------------------------------
 */

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd, int new_fd)
{
	(void)actions;
	(void)new_fd;
	if (outside.spawner >= 0)
		close(outside.spawner);
	outside.spawner = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	CHECK(outside.spawner >= 0);
	return 0;
}

int posix_spawn(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *attr, char *const argv[], char *const env[])
{
	(void)file;
	(void)actions;
	(void)attr;
	(void)argv;
	(void)env;
	*pid = -1; /* nobody to wait for */
	return 0;
}

int kill(pid_t pid, int signo)
{
	CHECK(pid > 1 && signo == SIGKILL);
	return 0;
}

int pidfd_open(pid_t pid, unsigned flags)
{
	(void)flags;
	CHECK(pid > 0);
	errno = ESRCH;
	return world_random++ % 4 ? eventfd(0, EFD_CLOEXEC) : -1;
}

int pidfd_send_signal(int fd, int signo, siginfo_t *info, unsigned flags)
{
	CHECK(fd > 2 && signo == SIGKILL && !info && !flags);
	return 0;
}

int local_names_path(const struct local_names *names, const char *name, char *buf, size_t size)
{
	(void)names;
	snprintf(buf, size, "/dev/null");
	return strcmp(name, "r3") ? 0 : -ENOENT;
}

int nlk_ns_open(const char *file)
{
	return open(file, O_RDONLY | O_CLOEXEC);
}

int bld_router_fib(const struct bld *bld, uint32_t slot)
{
	(void)bld;
	return slot == 2 ? -ENOENT : 0;
}

int bld_map_hello(const struct bld *bld)
{
	(void)bld;
	return 0;
}

int bld_map_addr(const struct bld *bld)
{
	(void)bld;
	return 0;
}

uint32_t bld_router_capacity(const struct bld *bld, uint32_t slot)
{
	(void)bld;
	(void)slot;
	return VLSP_FIB_MIN;
}

int bld_router_grow(struct bld *bld, uint32_t slot, uint32_t capacity)
{
	(void)bld;
	(void)slot;
	return capacity ? 0 : -EINVAL;
}

int bld_router_switch(struct bld *bld, uint32_t slot)
{
	(void)bld;
	return slot == 1 ? -ENOENT : 0;
}

int local_cgroup_spawner(struct local_cgroup *cgroup, pid_t pid)
{
	(void)cgroup;
	(void)pid;
	return world_random % 2 ? 0 : -ENOENT;
}

/* --- what the controller hears ------------------------------------------------------------------
 */

static void known(uint32_t slot)
{
	const struct local_router *router = local_router_get(&local, slot);

	CHECK(slot < SLOTS && router);
}

static void on_rib(void *arg, uint32_t slot, const struct frame_rib *rib)
{
	(void)arg;
	(void)rib;
	known(slot);
	CHECK(local_router_get(&local, slot)->chan);
}

static void on_link(void *arg, uint32_t slot, const struct frame_link_state *state)
{
	(void)arg;
	(void)state;
	known(slot);
}

static void on_died(void *arg, uint32_t slot, int status)
{
	(void)arg;
	(void)status;
	known(slot);
	CHECK(local_router_get(&local, slot)->state == LOCAL_WAITING);
}

static void on_ready(void *arg, uint32_t slot, int32_t pid)
{
	(void)arg;
	known(slot);
	CHECK(pid > 0 && local_router_get(&local, slot)->state == LOCAL_RUNNING);
}

static void on_routes(void *arg, int status, const struct frame_route *routes, size_t count)
{
	uint32_t sum = 0;

	(void)arg;
	outside.answers++;
	CHECK(status <= 0 && (status == 0 || count == 0));
	CHECK(count <= 2 * VLSP_SLOT_MAX);
	for (size_t i = 0; i < count; i++) /* they are there to be read */
		sum += routes[i].dst;
	world_random += sum & 1;
}

/* --- what happens -------------------------------------------------------------------------------
 */

static void router_make(struct input *in)
{
	uint32_t slot = input_byte(in) % SLOTS;
	struct host_router item = {.slot = slot, .address = 0x0a000001 + slot};
	struct host_link link = {.weight = 5};
	struct local_router *router = local_router_get(&local, slot);

	if (router)
		return;
	snprintf(item.name, sizeof(item.name), "r%u", slot);
	CHECK(local_router_new(&local, &item) == 0);
	local_router_get(&local, slot)->in_batch = false;
	for (uint32_t other = 0; other < SLOTS; other++) {
		if (other == slot || !local_router_get(&local, other))
			continue;
		for (int i = 0; i < 2; i++)
			link.end[i].slot = i ? other : slot;
		link.end[0].port = 16 + 8 * slot + other;
		link.end[1].port = 16 + 8 * other + slot;
		CHECK(local_ends_set(&local, &link) == 0);
	}
}

static void router_drive(struct input *in)
{
	uint8_t how = input_byte(in);
	struct local_router *router = local_router_get(&local, how % SLOTS);

	if (!router)
		return;
	switch (how / SLOTS % 8) {
	case 0:
	case 1:
	case 2:
		if (router->state == LOCAL_MADE)
			local_router_start(router);
		break;
	case 3:
		if (router->state != LOCAL_STOPPING && router->state != LOCAL_STOPPED)
			local_router_stop(router);
		break;
	case 4:
		if (router->state == LOCAL_STOPPED)
			local_router_free(router);
		break;
	case 5:
		(void)local_router_config(router);
		break;
	case 6:
		(void)local_router_grow(router, input_byte(in));
		break;
	default:
		outside.dumps += local_dump_start(&local.host, router->slot, on_routes, NULL) == 0;
	}
}

static void spawner_says(struct input *in)
{
	struct spawn_answer answer = {.pid = self};
	uint8_t how = input_byte(in);
	struct input raw;
	uint8_t *copy;

	if (outside.spawner < 0)
		return;
	if (how == 255) { /* its end */
		shutdown(outside.spawner, SHUT_RDWR);
		return;
	}
	if (how == 254) {
		raw = input_take(in, input_byte(in));
		copy = input_copy(raw);
		(void)send(outside.spawner, copy, raw.left, MSG_DONTWAIT | MSG_NOSIGNAL);
		free(copy);
		return;
	}
	answer.kind = how % 4;
	answer.slot = how & 64 ? input_u32(in) : how / 4 % SLOTS;
	if (how & 128)
		answer.pid = (int32_t)input_u32(in);
	answer.status = answer.kind == SPAWN_FAILED ? -ENOMEM : input_byte(in);
	(void)send(outside.spawner, &answer, sizeof(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Requests are taken off, with their descriptors. */
static void spawner_hears(void)
{
	struct spawn_request request;
	char control[CMSG_SPACE(SPAWN_FDS * sizeof(int))];
	struct iovec iov = {.iov_base = &request, .iov_len = sizeof(request)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;

	if (outside.spawner < 0 || recvmsg(outside.spawner, &msg, MSG_DONTWAIT) <= 0)
		return;
	c = CMSG_FIRSTHDR(&msg);
	CHECK(request.slot < SLOTS && memchr(request.name, 0, sizeof(request.name)));
	CHECK(c && c->cmsg_len == CMSG_LEN(SPAWN_FDS * sizeof(int)));
	for (size_t i = 0; i < SPAWN_FDS; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		close(fd);
	}
}

static void client_connect(int *client)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (*client >= 0) {
		close(*client);
		*client = -1;
		return;
	}
	strcpy(addr.sun_path, path);
	*client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CHECK(*client >= 0);
	CHECK(connect(*client, (struct sockaddr *)&addr, sizeof(addr)) == 0);
}

static void client_raw(struct input *in, int client)
{
	struct input raw = input_take(in, input_u16(in) % 4096);
	uint8_t *copy = input_copy(raw);

	(void)send(client, copy, raw.left, MSG_DONTWAIT | MSG_NOSIGNAL);
	free(copy);
}

static void client_says(struct input *in, int client)
{
	static uint8_t body[32 * sizeof(struct frame_route)];
	uint8_t how = input_byte(in);
	struct frame_hello hello = {.version = FRAME_VERSION, .slot = how / 8 % SLOTS};
	struct frame_routes routes = {.cookie = local.cookie, .more = how >> 7};
	struct input raw;
	size_t size;

	switch (how % 8) {
	case 0:
	case 1:
		hello.pid = (uint32_t)self;
		if (how & 128)
			hello.version = input_byte(in);
		(void)frame_send(client, FRAME_HELLO, &hello, sizeof(hello), how & 64 ? 0 : -1);
		return;
	case 2:
		(void)frame_send(client, FRAME_READY, NULL, 0, -1);
		return;
	case 3:
		size = sizeof(routes) + input_byte(in) % 16u * sizeof(struct frame_route);
		memset(body, 1, sizeof(body));
		if (how & 64)
			routes.cookie = input_byte(in);
		memcpy(body, &routes, sizeof(routes));
		(void)frame_send(client, FRAME_ROUTES, body, (uint32_t)size + input_byte(in) % 2,
				 -1);
		return;
	default:
		raw = input_take(in, input_byte(in));
		memset(body, 0, sizeof(body));
		if (raw.left)
			memcpy(body, raw.at, raw.left);
		size = how % 8 == 4   ? sizeof(struct frame_rib)
		       : how % 8 == 5 ? sizeof(struct frame_link_state)
		       : how % 8 == 6 ? sizeof(uint32_t)
				      : raw.left;
		(void)frame_send(client,
				 how % 8 == 4	? FRAME_RIB
				 : how % 8 == 5 ? FRAME_LINK
				 : how % 8 == 6 ? FRAME_PONG
						: (enum frame_type)input_byte(in),
				 body, (uint32_t)size, -1);
	}
}

static void client_hears(int client)
{
	static uint8_t buf[FRAME_MAX];
	const void *body;
	uint16_t type;
	int fd, r;

	while ((r = frame_recv(client, buf, &type, &body, &fd)) >= 0) {
		CHECK(type >= FRAME_CONFIG);
		if (fd >= 0)
			close(fd);
	}
	CHECK(r != -EPROTO);
}

static void command(struct input *in)
{
	uint8_t op = input_byte(in);
	int *client = &outside.clients[op / 16 % CLIENTS_MAX];

	switch (op % 16) {
	case 0:
		router_make(in);
		break;
	case 1:
	case 2:
		router_drive(in);
		break;
	case 3:
	case 4:
		spawner_says(in);
		break;
	case 5:
		spawner_hears();
		break;
	case 6:
		client_connect(client);
		break;
	case 7:
		if (*client >= 0)
			client_raw(in, *client);
		break;
	case 8:
	case 9:
	case 10:
	case 11:
		if (*client >= 0)
			client_says(in, *client);
		break;
	case 12:
		if (*client >= 0)
			client_hears(*client);
		break;
	case 13:
		world_pass((uint64_t)input_byte(in) << 25);
		break;
	default:
		break;
	}
	world_round();
}

static void check(void)
{
	size_t count = 0;

	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		const struct local_router *router = local_router_get(&local, slot);

		if (!router)
			continue;
		count++;
		/* Somebody will say how it goes on. */
		CHECK(router->state != LOCAL_STARTING || router->asked || router->pid > 0);
		CHECK(router->state != LOCAL_WAITING || router->timer->at_ns);
		CHECK(router->state != LOCAL_STOPPED || (!router->pid && !router->chan));
		CHECK(router->end_sent <= router->end_count);
	}
	CHECK(count == local.router_count);
}

/* --- one run ------------------------------------------------------------------------------------
 */

static void begin(void)
{
	struct err err;

	memset(&local, 0, sizeof(local));
	local.loop = &world_loop;
	list_init(&local.dumps);
	local.host.events = (struct host_events){.router_rib = on_rib,
						 .router_link = on_link,
						 .router_died = on_died,
						 .router_ready = on_ready};
	local.network = (struct host_network){
		.network = 0x0a000000, .prefix_len = 16, .hello_us = 40000, .dead_us = 120000};
	snprintf(local.socket, sizeof(local.socket), "%s", path);
	CHECK(loop_timer_new(&world_loop, local_hang_tick, &local, &local.hang) == 0);
	CHECK(local_spawn_new(&world_loop, "none", &local_router_spawn_ops, &local, &local.spawn,
			      &err) == 0);
	CHECK(local_listen_new(&world_loop, path, 0, &local_router_chan_ops, &local, &local.listen,
			       &err) == 0);
}

static void end(void)
{
	local.closing = true;
	local_dump_cancel(&local, NULL, -ECANCELED);
	for (uint32_t slot = 0; slot < SLOTS; slot++)
		local_router_free(local_router_get(&local, slot));
	loop_timer_free(local.hang);
	local_spawn_free(local.spawn);
	local_listen_free(local.listen);
	for (int i = 0; i < CLIENTS_MAX; i++)
		if (outside.clients[i] >= 0)
			close(outside.clients[i]);
	if (outside.spawner >= 0)
		close(outside.spawner);
	CHECK(outside.answers == outside.dumps);
	CHECK(world_timers() == 0 && list_empty(&local.dumps));
}

static void try_daemon(struct input in)
{
	begin();
	for (int i = 0; i < COMMANDS && in.left; i++) {
		command(&in);
		check();
	}
	end();
}

static void dir_remove(void)
{
	unlink(path);
	rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	strcpy(dir, "/tmp/vlsp-fuzz-host.XXXXXX");
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	self = getpid();
	return atexit(dir_remove);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	int before = world_fds();

	memset(&outside, 0, sizeof(outside));
	memset(outside.clients, -1, sizeof(outside.clients));
	outside.spawner = -1;
	world_begin();
	try_daemon(in);
	world_end();
	CHECK(world_fds() == before);
	return 0;
}
