/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay as a process, with the test as its daemon: frames come from the real programs, for OUT,
 * which is shaped, and leave by the device out to y. Needs root and $O/vlsp-relay; skips with the
 * reason otherwise.
 */
#include "tests/bpf/shaped.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/confine/confine.h"
#include "lib/wire/frame.h"
#include "lib/wire/relay.h"

#define SEC	1000000000ULL
#define MS	1000000ULL
#define PATIENT 20000 /* ms, for what comes soon on any machine */

static char program[PATH_MAX], dir[40], path[64];
static int listener = -1, sock = -1;
static pid_t pid;
static const volatile struct vlsp_line *lines;
static bool realtime;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SEC + (uint64_t)ts.tv_nsec;
}

/* --- the daemon --------------------------------------------------------------------------------
 */

static void start_listening(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	strcpy(addr.sun_path, path);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(listen(listener, 4), 0);
}

static void stop_listening(void)
{
	close(listener);
	unlink(path);
	listener = -1;
}

static bool readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static int receive(uint16_t type, void *body, uint32_t size)
{
	static char buf[FRAME_MAX];
	const void *got;
	uint16_t is;
	int fd, r;

	if (!readable(sock, PATIENT))
		fail_msg("the relay does not say %u", type);
	r = frame_recv(sock, buf, &is, &got, &fd);
	assert_int_equal(r, size);
	assert_int_equal(is, type);
	if (size)
		memcpy(body, got, size);
	return fd;
}

/* HELLO, which must have these flags, and LINES. */
static void accept_relay(uint32_t flags)
{
	struct frame_hello hello;
	void *p;
	int fd;

	if (!readable(listener, PATIENT))
		fail_msg("the relay does not connect");
	sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(sock >= 0);
	assert_int_equal(receive(FRAME_HELLO, &hello, sizeof(hello)), -1);
	assert_int_equal(hello.version, FRAME_VERSION);
	assert_int_equal(hello.slot, RELAY_SLOT);
	assert_int_equal(hello.pid, pid);
	assert_int_equal(hello.fib & ~(uint32_t)RELAY_REALTIME, flags);
	realtime = hello.fib & RELAY_REALTIME;
	fd = receive(FRAME_LINES, NULL, 0);
	assert_true(fd >= 0);
	p = mmap(NULL, RELAY_LINES_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(p != MAP_FAILED);
	if (lines)
		munmap((void *)(uintptr_t)lines, RELAY_LINES_SIZE);
	lines = p;
	close(fd);
}

static void say(uint16_t type, const void *body, uint32_t size, int fd)
{
	struct pollfd p = {.fd = sock, .events = POLLOUT};
	int r;

	while ((r = frame_send(sock, (enum frame_type)type, body, size, fd)) == -EAGAIN)
		assert_int_equal(poll(&p, 1, PATIENT), 1);
	assert_int_equal(r, 0);
}

/* All that was said before has been done. */
static void sync_relay(void)
{
	static uint32_t cookie = 100;
	uint32_t is;

	cookie++;
	say(FRAME_SYNC, &cookie, sizeof(cookie), -1);
	assert_int_equal(receive(FRAME_ACK, &is, sizeof(is)), -1);
	assert_int_equal(is, cookie);
}

static void give_router(uint32_t slot)
{
	struct relay_router router = {.slot = slot};
	int packet = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1;

	assert_int_equal(setsockopt(packet, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	say(FRAME_ROUTER, &router, sizeof(router), packet);
	close(packet);
}

/* The ring comes last: what is in it leaves at once. */
static void supply(void)
{
	give_router(1);
	say(FRAME_WAKE, NULL, 0, bld_map_wake(bld));
	say(FRAME_RING, NULL, 0, bld_ring_need(bld));
	sync_relay();
}

static const volatile struct relay_pace *pace(void)
{
	return (const volatile void *)lines;
}

/* --- the process -------------------------------------------------------------------------------
 */

static int open_all(void **state)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 32);
	char *cut = n < 0 ? NULL : strstr(program, "/tests/unit/");

	if (cut)
		strcpy(cut, "/vlsp-relay");
	if (!cut || access(program, X_OK) < 0) {
		why_not = "needs vlsp-relay: run make first";
		return 0;
	}
	return shaped_open(state);
}

static void relay_start(const char *uid)
{
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		execl(program, "vlsp-relay", path, uid, "16", "10", "info", NULL);
		_exit(99);
	}
	accept_relay(0);
}

static int exit_status(void)
{
	int status = -1;

	for (int i = 0; i < PATIENT / 10 && waitpid(pid, &status, WNOHANG) == 0; i++)
		usleep(10000);
	pid = 0;
	return status;
}

static int setup(void **state)
{
	int r = shaped_reset(state);
	static struct frame rest;

	if (why_not || r < 0)
		return r;
	strcpy(dir, "/tmp/vlsp-relay-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	snprintf(path, sizeof(path), "%s/sock", dir);
	(void)arrived(&rest);
	start_listening();
	relay_start("0");
	supply();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (why_not)
		return 0;
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = 0;
	}
	if (sock >= 0)
		close(sock);
	sock = -1;
	if (listener >= 0)
		stop_listening();
	rmdir(dir);
	munmap((void *)(uintptr_t)lines, RELAY_LINES_SIZE);
	lines = NULL;
	return 0;
}

static void timed(struct vlsp_shape is)
{
	is.flags |= VLSP_SHAPE_RELAY;
	is.limit = is.limit ? is.limit : 1000;
	shape(is, false);
}

/* Sends one with mark in its first byte of payload. */
static void send_marked(uint8_t mark)
{
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	in.bytes[ETH_HLEN + VDP_HLEN] = mark;
	hop();
	assert_int_equal(out.verdict, TC_ACT_STOLEN);
}

/* The mark of the next one that leaves. */
static int next_mark(void)
{
	static uint8_t bytes[3000];

	if (!readable(far_end, PATIENT))
		return -1;
	assert_int_equal(recv(far_end, bytes, sizeof(bytes), 0), out.size);
	return bytes[ETH_HLEN + VDP_HLEN];
}

static bool nothing_leaves(void)
{
	return !readable(far_end, 50);
}

static unsigned descriptors(void)
{
	unsigned count = 0;
	struct dirent *entry;
	char name[40];
	DIR *d;

	snprintf(name, sizeof(name), "/proc/%d/fd", pid);
	d = opendir(name);
	assert_non_null(d);
	while ((entry = readdir(d)))
		count += entry->d_name[0] != '.';
	closedir(d);
	return count;
}

/* --- frames ------------------------------------------------------------------------------------
 */

static void a_frame_leaves_when_it_is_due_and_not_before(void **state)
{
	(void)state;
	need_bpf();
	timed((struct vlsp_shape){.delay_ns = 200 * MS});
	for (uint8_t i = 0; i < 5; i++) {
		uint64_t begin = now_ns();

		send_marked(i);
		assert_int_equal(next_mark(), i);
		assert_true(now_ns() - begin >= 200 * MS);
	}
	sync_relay();
	assert_int_equal(pace()->sent, 5);
	assert_int_equal(pace()->overruns, 0);
	assert_int_equal(lines[OUT].link, 7);
	assert_int_equal(lines[OUT].sent, 5);
	assert_int_equal(lines[OUT].held, 0);
}

static void frames_leave_no_faster_than_the_rate(void **state)
{
	uint64_t begin;

	(void)state;
	need_bpf();
	/* 142 bytes of frame: 20 ms for each */
	timed((struct vlsp_shape){.rate = 142 * 8 * 50});
	begin = now_ns();
	for (uint8_t i = 0; i < 10; i++)
		send_marked(i);
	for (uint8_t i = 0; i < 10; i++) {
		assert_int_equal(next_mark(), i);
		assert_true(now_ns() - begin >= (i + 1) * 20 * MS);
	}
	sync_relay();
	assert_int_equal(lines[OUT].queue, 0);
	assert_true(lines[OUT].queue_max >= 1 && lines[OUT].queue_max <= 10);
}

static void a_full_queue_drops_and_says_so(void **state)
{
	(void)state;
	need_bpf();
	timed((struct vlsp_shape){.rate = 1, .limit = 3});
	for (uint8_t i = 0; i < 8; i++)
		send_marked(i);
	for (int i = 0; i < 1000 && lines[OUT].dropped < 5; i++)
		usleep(10000);
	assert_int_equal(lines[OUT].dropped, 5);
	assert_int_equal(lines[OUT].queue, 3);
}

static void one_that_overtakes_does_not_wait(void **state)
{
	(void)state;
	need_bpf();
	timed((struct vlsp_shape){.delay_ns = 2 * SEC});
	send_marked(1);
	timed((struct vlsp_shape){.delay_ns = 2 * SEC, .reorder = FATE_ALWAYS});
	send_marked(2);
	assert_int_equal(next_mark(), 2);
	assert_int_equal(next_mark(), 1);
}

static void many_frames_of_one_time_leave_in_their_order(void **state)
{
	(void)state;
	need_bpf();
	timed((struct vlsp_shape){.delay_ns = 300 * MS});
	for (int i = 0; i < 250; i++)
		send_marked((uint8_t)i);
	for (int i = 0; i < 250; i++)
		assert_int_equal(next_mark(), i);
}

static void a_change_of_the_rate_is_for_what_waits_too(void **state)
{
	struct relay_shape news = {.port = OUT, .shape = {.link = 7, .limit = 9, .rate = 10000000}};

	(void)state;
	need_bpf();
	timed((struct vlsp_shape){.rate = 1}); /* minutes for each */
	for (uint8_t i = 0; i < 3; i++)
		send_marked(i);
	assert_true(nothing_leaves());
	/* of another link on that port: not ours */
	news.shape.link = 8;
	say(FRAME_SHAPE, &news, sizeof(news), -1);
	sync_relay();
	assert_true(nothing_leaves());
	news.shape.link = 7;
	say(FRAME_SHAPE, &news, sizeof(news), -1);
	for (uint8_t i = 0; i < 3; i++)
		assert_int_equal(next_mark(), i);
}

static void what_a_link_held_ends_with_it(void **state)
{
	struct vlsp_shape other = {
		.key = KEY, .link = 8, .flags = VLSP_SHAPE_RELAY, .limit = 10, .delay_ns = MS};

	(void)state;
	need_bpf();
	timed((struct vlsp_shape){.delay_ns = 2 * SEC});
	send_marked(1);
	assert_int_equal(bld_shape_set(bld, OUT, &other, false), 0);
	send_marked(2);
	assert_int_equal(next_mark(), 2);
	for (int i = 0; i < 1000 && (lines[OUT].held || lines[OUT].link != 8); i++)
		usleep(10000);
	assert_int_equal(lines[OUT].held, 0);
	assert_true(nothing_leaves());
	sync_relay();
	/* the new one has lost nothing, and sent one */
	assert_int_equal(lines[OUT].sent, 1);
	assert_int_equal(lines[OUT].overruns, 0);
}

static void a_router_that_has_gone_sends_no_more(void **state)
{
	struct relay_router router = {.slot = 1};

	(void)state;
	need_bpf();
	timed((struct vlsp_shape){.delay_ns = MS});
	send_marked(1);
	assert_int_equal(next_mark(), 1);
	say(FRAME_ROUTER_GONE, &router, sizeof(router), -1);
	sync_relay();
	send_marked(2);
	assert_true(nothing_leaves());
	give_router(1);
	sync_relay();
	send_marked(3);
	assert_int_equal(next_mark(), 3);
}

/* --- the daemon comes and goes -----------------------------------------------------------------
 */

static void it_goes_on_while_the_daemon_is_away_and_says_hello_to_the_next(void **state)
{
	(void)state;
	need_bpf();
	timed((struct vlsp_shape){.delay_ns = MS});
	for (uint8_t again = 0; again < 3; again++) {
		uint64_t sent;

		send_marked(again);
		assert_int_equal(next_mark(), again);
		close(sock);
		stop_listening();
		send_marked(50 + again);
		assert_int_equal(next_mark(), 50 + again);
		start_listening();
		accept_relay(RELAY_HAS_RING); /* and the same memory as before */
		sync_relay();
		sent = pace()->sent;
		assert_int_equal(sent, 2 * (again + 1));
	}
}

static void what_makes_no_sense_is_passed_over(void **state)
{
	struct relay_router router = {.slot = 1}, none = {.slot = VLSP_SLOT_MAX};
	struct relay_shape news = {.port = UINT32_MAX};
	uint8_t noise[300];
	unsigned before;

	(void)state;
	need_bpf();
	memset(noise, 0xa5, sizeof(noise));
	timed((struct vlsp_shape){.delay_ns = MS});
	before = descriptors();
	for (uint16_t type = 0; type < 260; type++) {
		if (type == FRAME_QUIT || type == FRAME_SYNC)
			continue;
		say(type, noise, sizeof(noise), -1);
		say(type, noise, type % 7, far_end);
		if (type != FRAME_ROUTER && type != FRAME_ROUTER_GONE)
			say(type, NULL, 0, bld_map_wake(bld));
	}
	say(FRAME_ROUTER, &none, sizeof(none), far_end);
	say(FRAME_ROUTER_GONE, &none, sizeof(none), far_end);
	say(FRAME_ROUTER_GONE, &(struct relay_router){.slot = 2}, sizeof(router), far_end);
	say(FRAME_RING, NULL, 0, -1);
	say(FRAME_WAKE, NULL, 0, -1);
	say(FRAME_SHAPE, &news, sizeof(news), -1);
	news.port = OUT + 1; /* nothing has ever come by it */
	say(FRAME_SHAPE, &news, sizeof(news), -1);
	sync_relay();
	assert_int_equal(descriptors(), before); /* none of them was kept */
	send_marked(9);
	assert_int_equal(next_mark(), 9);
}

static void a_daemon_that_talks_nonsense_is_left_and_tried_again(void **state)
{
	(void)state;
	need_bpf();
	assert_int_equal(send(sock, "nonsense", 8, 0), 8);
	accept_relay(RELAY_HAS_RING);
	sync_relay();
}

/* --- the end -----------------------------------------------------------------------------------
 */

static void it_leaves_at_once_when_it_is_told_so_whatever_it_holds(void **state)
{
	(void)state;
	need_bpf();
	timed((struct vlsp_shape){.rate = 1, .limit = 100});
	for (uint8_t i = 0; i < 10; i++)
		send_marked(i);
	shape((struct vlsp_shape){.flags = VLSP_SHAPE_RELAY, .delay_ns = 1000 * SEC, .limit = 1},
	      false);
	send_marked(11);
	sync_relay();
	say(FRAME_QUIT, NULL, 0, -1);
	assert_int_equal(exit_status(), 0); /* LeakSanitizer's would be another */
}

static void another_takes_the_ring_where_the_first_has_left_it(void **state)
{
	(void)state;
	need_bpf();
	timed((struct vlsp_shape){.delay_ns = MS});
	send_marked(1);
	assert_int_equal(next_mark(), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(sock);
	send_marked(2);
	relay_start("0");
	assert_true(nothing_leaves());
	supply();
	assert_int_equal(next_mark(), 2);
	send_marked(3);
	assert_int_equal(next_mark(), 3);
}

static void it_becomes_a_user_without_privileges_and_keeps_its_priority(void **state)
{
	char command[200];
	static char uid[16];

	(void)state;
	need_bpf();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(sock);
	snprintf(uid, sizeof(uid), "%u", CONFINE_USER_BASE);
	relay_start(uid);
	supply();
	snprintf(command, sizeof(command),
		 "awk '/^Uid:/ && $2 == %s && $3 == %s && $4 == %s {n++}"
		 " /^Cap(Eff|Prm|Amb):/ && $2 ~ /^0+$/ {n++} /^NoNewPrivs:.*1/ {n++}"
		 " END {exit n != 5}' /proc/%d/status",
		 uid, uid, uid, pid);
	assert_int_equal(system(command), 0);
	assert_int_equal(sched_getscheduler(pid) & ~SCHED_RESET_ON_FORK,
			 realtime ? SCHED_FIFO : SCHED_OTHER);
	timed((struct vlsp_shape){.delay_ns = MS});
	send_marked(1);
	assert_int_equal(next_mark(), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_frame_leaves_when_it_is_due_and_not_before),
		T(frames_leave_no_faster_than_the_rate),
		T(a_full_queue_drops_and_says_so),
		T(one_that_overtakes_does_not_wait),
		T(many_frames_of_one_time_leave_in_their_order),
		T(a_change_of_the_rate_is_for_what_waits_too),
		T(what_a_link_held_ends_with_it),
		T(a_router_that_has_gone_sends_no_more),
		T(it_goes_on_while_the_daemon_is_away_and_says_hello_to_the_next),
		T(what_makes_no_sense_is_passed_over),
		T(a_daemon_that_talks_nonsense_is_left_and_tried_again),
		T(it_leaves_at_once_when_it_is_told_so_whatever_it_holds),
		T(another_takes_the_ring_where_the_first_has_left_it),
		T(it_becomes_a_user_without_privileges_and_keeps_its_priority),
	};

	return cmocka_run_group_tests(tests, open_all, harness_close);
}
