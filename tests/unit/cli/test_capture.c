// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp capture: lines, comments, files, and what it refuses before it asks the daemon. */
#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cli/capture.h"
#include "include/shared/vdp.h"
#include "lib/base/cleanup.h"
#include "tests/unit/cli/fake_daemon.h"

#define ETH	 14
#define FRAME_AT ETH

struct shot { /* a record with its data */
	struct vlsp_tap_frame frame;
	uint8_t data[200];
};

static void put(uint8_t *at, size_t n, uint32_t value)
{
	while (n--) {
		at[n] = (uint8_t)value;
		value >>= 8;
	}
}

/* A datagram from 10.0.0.1 to 10.0.0.2, flow 0x1234, with size bytes behind the network part. */
static struct shot datagram(uint8_t protocol, uint8_t ttl, uint32_t size)
{
	struct shot s = {.frame = {.port = 20,
				   .what = VLSP_TAP_IS_RX,
				   .length = ETH + 20 + size,
				   .captured = ETH + 20 + size}};
	uint8_t *at = s.data + ETH;

	put(s.data + 12, 2, VDP_ETHERTYPE);
	at[0] = 0x10;
	at[1] = ttl;
	at[2] = protocol;
	put(at + 4, 4, 0x0a000001);
	put(at + 8, 4, 0x0a000002);
	put(at + 12, 4, 0x1234);
	return s;
}

static void expect_line(const struct shot *s, const char *expected)
{
	char buf[600] = "";
	FILE *out = fmemopen(buf, sizeof(buf), "w");

	capture_text_frame(out, s->data, s->frame.captured, s->frame.length);
	fclose(out);
	assert_string_equal(buf, expected);
}

static void datagrams_are_lines(void **state)
{
	struct shot s = datagram(17, 64, 30);

	(void)state;
	put(s.data + ETH + 20, 2, 1000);
	put(s.data + ETH + 22, 2, 7);
	expect_line(&s, "10.0.0.1.1000 > 10.0.0.2.7: udp 22, ttl 64, flow 0x00001234");
	s.data[ETH + 3] = 0xb8;
	expect_line(&s, "10.0.0.1.1000 > 10.0.0.2.7: udp 22, ttl 64, class 0xb8, flow 0x00001234");

	s = datagram(17, 64, 30); /* with options before the ports */
	s.data[ETH] = 0x14;
	put(s.data + ETH + 36, 2, 1000);
	put(s.data + ETH + 38, 2, 7);
	expect_line(&s, "10.0.0.1.1000 > 10.0.0.2.7: udp 6, ttl 64, flow 0x00001234");

	s = datagram(17, 64, 100); /* fragments */
	s.data[ETH] = 0x11;
	put(s.data + ETH + 16, 4, 0x00052000);
	expect_line(&s, "10.0.0.1.0 > 10.0.0.2.0: udp 92, ttl 64, flow 0x00001234, fragment id 5 "
			"at 0+");
	put(s.data + ETH + 16, 4, 0x00050002);
	expect_line(&s, "10.0.0.1 > 10.0.0.2: proto 17, length 100, ttl 64, flow 0x00001234, "
			"fragment id 5 at 16");

	s = datagram(6, 63, 24);
	put(s.data + ETH + 20, 4, 80u << 16 | 443);
	put(s.data + ETH + 24, 4, 77);
	put(s.data + ETH + 28, 4, 88);
	put(s.data + ETH + 32, 4, 0x50120200);
	expect_line(&s, "10.0.0.1.80 > 10.0.0.2.443: tcp [S.] seq 77 ack 88 win 512 length 4, ttl "
			"63, flow 0x00001234");
	put(s.data + ETH + 32, 2, 0xf002);
	expect_line(&s, "10.0.0.1.80 > 10.0.0.2.443: tcp [S] seq 77 win 512, header of 60 bytes, "
			"ttl 63, flow 0x00001234");

	s = datagram(1, 1, 64);
	put(s.data + ETH + 20, 2, 0x0800);
	put(s.data + ETH + 24, 4, 9u << 16 | 3);
	expect_line(&s, "10.0.0.1 > 10.0.0.2: icmp echo request, id 9, seq 3, length 64, ttl 1, "
			"flow 0x00001234");
	put(s.data + ETH + 20, 2, 0x0b00);
	expect_line(&s, "10.0.0.1 > 10.0.0.2: icmp time exceeded, length 64, ttl 1, flow "
			"0x00001234");
	put(s.data + ETH + 20, 2, 0x0301);
	expect_line(&s, "10.0.0.1 > 10.0.0.2: icmp unreachable, code 1, length 64, ttl 1, flow "
			"0x00001234");
	s = datagram(200, 5, 9);
	expect_line(&s, "10.0.0.1 > 10.0.0.2: proto 200, length 9, ttl 5, flow 0x00001234");
}

static void control_is_told_by_its_kind(void **state)
{
	struct shot s = datagram(253, 1, 16);

	(void)state;
	put(s.data + ETH + 20, 2, VDP_CTL_HELLO);
	put(s.data + ETH + 28, 4, 0x5f3759df);
	expect_line(&s, "10.0.0.1 > 10.0.0.2: hello epoch 0x5f3759df, ttl 1");
	put(s.data + ETH + 32, 4, 1);
	put(s.data + ETH + 20, 2, VDP_CTL_GREET);
	expect_line(&s, "10.0.0.1 > 10.0.0.2: greet epoch 0x5f3759df, heard, ttl 1");
	put(s.data + ETH + 20, 2, 9);
	expect_line(&s, "10.0.0.1 > 10.0.0.2: control kind 9, ttl 1");

	s = datagram(253, 1, 8 + 40 + 4 + 24 + 4 + 12);
	put(s.data + ETH + 20, 2, VDP_CTL_ROUTES);
	put(s.data + ETH + 28 + 24, 4, 6);
	put(s.data + ETH + 28 + 28, 4, 5);
	put(s.data + ETH + 28 + 40, 4, 0x01000018);
	put(s.data + ETH + 28 + 68, 4, 0x0200000c);
	expect_line(&s, "10.0.0.1 > 10.0.0.2: routes seq 6 ack 5, 2 updates, 1 request, ttl 1");
}

/* However little was captured of whatever bytes: no read beyond (ASan), and something printable. */
static void anything_is_a_printable_line(void **state)
{
	uint32_t x = 12345;

	(void)state;
	for (int n = 0; n < 20000; n++) {
		static const uint8_t protocols[] = {1, 6, 17, 253, 99};
		struct shot s = datagram(protocols[n % 5], 64, 150);
		char buf[1000] = "";
		FILE *out = fmemopen(buf, sizeof(buf), "w");
		size_t captured;
		uint8_t *copy;

		for (size_t i = ETH + 16; i < sizeof(s.data); i++)
			s.data[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
		s.data[ETH] = (uint8_t)(0x10 | (x >> 20 & (n % 3 ? 0xf : 0xff)));
		captured = x >> 8 & 0xff;
		captured = captured > 190 ? 190 : captured;
		copy = malloc(captured ? captured : 1);
		memcpy(copy, s.data, captured);
		capture_text_frame(out, copy, captured, captured + (x & 1 ? 0 : 500));
		fclose(out);
		free(copy);
		assert_true(buf[0]);
		for (const char *c = buf; *c; c++)
			assert_true(*c >= ' ' && *c < 0x7f);
	}
}

static struct capture_end link_end(void)
{
	struct capture_end end = {.port = 20, .link = 3, .side = 1};

	strcpy(end.router, "b");
	strcpy(end.device, "to-a");
	strcpy(end.name, "a-b");
	strcpy(end.peer, "a");
	strcpy(end.arrives, "delay 20ms, loss 1%");
	strcpy(end.leaves, "rate 1mbit");
	return end;
}

static void comments_have_cause_and_shape(void **state)
{
	static const struct {
		uint8_t what, cause;
		uint16_t flags;
		bool edge, verify;
		const char *comment;
	} rows[] = {
		{VLSP_TAP_IS_RX, 0, 0, false, false, "delay 20ms, loss 1%"},
		{VLSP_TAP_IS_TX, 0, 0, false, false, "rate 1mbit"},
		{VLSP_TAP_IS_RX, 0, 0, false, true, "delay 20ms, loss 1%, corrupted"},
		{VLSP_TAP_IS_TX, 0, 3, false, false, "rate 1mbit, corrupted, duplicated"},
		{VLSP_TAP_IS_TX, 0, 2, true, false, "duplicated"},
		{VLSP_TAP_IS_RX, 0, 0, true, true, "corrupted"},
		{VLSP_TAP_IS_RX, 0, 0, true, false, ""},
		{VLSP_TAP_IS_DROP, VLSP_DROP_LOSS, 0, false, false, "dropped: loss (rate 1mbit)"},
		{VLSP_TAP_IS_DROP, VLSP_DROP_TTL, 0, false, false,
		 "dropped: ttl (delay 20ms, loss 1%)"},
		{VLSP_TAP_IS_DROP, VLSP_DROP_NO_ROUTE, 0, true, false, "dropped: no-route"},
	};
	struct capture_port port = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct shot s = datagram(17, 64, 20);
		char buf[600];

		port.end = link_end();
		if (rows[i].edge) {
			port.end.link = 0;
			port.end.arrives[0] = port.end.leaves[0] = '\0';
		}
		s.frame.what = rows[i].what;
		s.frame.cause = rows[i].cause;
		s.frame.flags = rows[i].flags;
		if (rows[i].verify)
			s.data[ETH] |= VDP_FLAG_VERIFY;
		assert_string_equal(capture_comment(&port, &s.frame, buf, sizeof(buf)),
				    rows[i].comment);
	}
}

/* IPv4 that did not become VDP; its header has bits where VDP says that a link has changed it. */
static void what_is_no_datagram_was_not_corrupted(void **state)
{
	struct capture_port port = {0};
	struct shot s = datagram(17, 64, 20);
	char buf[600];

	(void)state;
	s.frame.what = VLSP_TAP_IS_DROP;
	s.frame.cause = VLSP_DROP_UNSUPPORTED;
	put(s.data + 12, 2, 0x0800);
	s.data[ETH] = 0x46; /* with options */
	assert_string_equal(capture_comment(&port, &s.frame, buf, sizeof(buf)),
			    "dropped: unsupported");
	s.frame.cause = VLSP_DROP_SILENT;
	s.data[ETH + 2] = VDP_PROTO_CONTROL;
	assert_false(capture_arrives(&s.frame));
}

static void a_drop_goes_with_the_way_it_was_on(void **state)
{
	struct shot s = datagram(17, 64, 20);

	(void)state;
	assert_true(capture_arrives(&s.frame));
	s.frame.what = VLSP_TAP_IS_TX;
	assert_false(capture_arrives(&s.frame));
	s.frame.what = VLSP_TAP_IS_DROP;
	s.frame.cause = VLSP_DROP_LOSS;
	assert_false(capture_arrives(&s.frame));
	s.frame.cause = VLSP_DROP_SILENT;
	assert_false(capture_arrives(&s.frame));
	s.frame.cause = VLSP_DROP_NO_ROUTE;
	assert_true(capture_arrives(&s.frame));
	s = datagram(VDP_PROTO_CONTROL, 1, 20);
	s.frame.what = VLSP_TAP_IS_DROP;
	s.frame.cause = VLSP_DROP_SILENT;
	assert_true(capture_arrives(&s.frame));
}

static void what_the_daemon_says_is_not_for_the_terminal(void **state)
{
	struct capture_ports *ports = calloc(1, sizeof(*ports));
	struct capture_end end = link_end();

	(void)state;
	memset(end.peer, 'x', sizeof(end.peer)); /* does not end */
	strcpy(end.router, "b\033[2J");
	assert_int_equal(capture_ports_set(ports, &end), 0);
	assert_string_equal(ports->list[0].end.router, "b?[2J");
	assert_string_equal(ports->list[0].name, "b?[2J:to-a");
	assert_int_equal(strlen(ports->list[0].end.peer), sizeof(end.peer) - 1);
	end.port = VLSP_PORT_MAX;
	assert_true(capture_ports_set(ports, &end) < 0);
	assert_null(capture_ports_find(ports, VLSP_PORT_MAX));
	assert_null(capture_ports_find(ports, 21));
	assert_ptr_equal(capture_ports_find(ports, 20), &ports->list[0]);
	strcpy(end.router, "c");
	end.port = 20; /* another one now */
	assert_int_equal(capture_ports_set(ports, &end), 0);
	assert_int_equal(ports->count, 1);
	assert_string_equal(ports->list[0].name, "c:to-a");
	capture_ports_done(ports);
	free(ports);
}

/* Whole blocks from begin to end; how many of a type. */
static unsigned count_blocks(const char *path, uint32_t type)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	uint32_t head[2], length;
	unsigned n = 0;

	assert_non_null(file);
	while (fread(head, sizeof(head), 1, file) == 1) {
		assert_true(head[1] >= 12 && head[1] % 4 == 0);
		assert_int_equal(fseek(file, (long)head[1] - 12, SEEK_CUR), 0);
		assert_int_equal(fread(&length, sizeof(length), 1, file), 1);
		assert_int_equal(length, head[1]);
		n += head[0] == type;
	}
	return n;
}

static void a_ring_of_files_is_of_whole_files(void **state)
{
	struct capture_ports *ports = calloc(1, sizeof(*ports));
	struct capture_end end = link_end();
	struct capture_counts counts = {.matched = 5000, .lost = 1};
	struct capture_out out;
	struct err err = {0};
	char dir[] = "/tmp/vlsp-test.XXXXXX", path[80];
	struct capture_out_config config = {.path = path, .files = 3, .file_max = 65536};

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.pcapng", dir);
	assert_int_equal(capture_ports_set(ports, &end), 0);
	assert_int_equal(capture_out_open(&out, &config, 1, &err), 0);
	for (uint32_t n = 0; n < 5000; n++) {
		struct shot s = datagram(17, 64, 100);

		assert_int_equal(capture_out_frame(&out, ports, &ports->list[0], n, &s.frame, &err),
				 0);
	}
	assert_int_equal(capture_out_statistics(&out, ports, 5000, &counts, true, &err), 0);
	assert_int_equal(capture_out_flush(&out, true, &err), 0);
	assert_true(out.opened > 6);
	capture_out_close(&out);
	for (int n = 1; n <= 4; n++) {
		struct stat st;

		snprintf(path, sizeof(path), "%s/x.%d.pcapng", dir, n);
		if (n == 4) {
			assert_int_equal(access(path, F_OK), -1);
			continue;
		}
		assert_int_equal(stat(path, &st), 0);
		assert_in_range(st.st_size, 1000, config.file_max);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_int_equal(count_blocks(path, 0x0a0d0d0a), 1);
		assert_int_equal(count_blocks(path, 1), 1);
		assert_int_equal(count_blocks(path, 5), 1);
		assert_in_range(count_blocks(path, 6), 10, 500);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
	capture_ports_done(ports);
	free(ports);
}

/* Whatever is in it: several interfaces, a long filter, comments, statistics, frames of all
 * lengths. But one that alone is larger has a file of its own. */
static void no_file_of_a_ring_is_too_large(void **state)
{
	struct capture_ports *ports = calloc(1, sizeof(*ports));
	struct vlsp_tap_frame *frame = calloc(1, sizeof(*frame) + 70000);
	struct capture_counts counts = {.matched = 5000, .lost = 1, .queue = 3};
	struct capture_out out;
	struct err err = {0};
	char dir[] = "/tmp/vlsp-test.XXXXXX", path[80], filter[1001] = "";
	struct capture_out_config config = {
		.path = path, .filter = filter, .files = 10000, .file_max = 65536};
	uint32_t x = 1, files, large = 0;

	(void)state;
	memset(filter, 'f', sizeof(filter) - 1);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x", dir);
	for (uint32_t port = 20; port < 25; port++) {
		struct capture_end end = link_end();

		end.port = port;
		assert_int_equal(capture_ports_set(ports, &end), 0);
	}
	assert_int_equal(capture_out_open(&out, &config, 1, &err), 0);
	for (uint32_t n = 0; n < 3000; n++) {
		x = x * 1664525 + 1013904223;
		*frame = (struct vlsp_tap_frame){.port = 20 + n % 5, .what = VLSP_TAP_IS_RX};
		frame->captured = n % 500 == 499 ? 65536 : ETH + (x >> 8) % 1501;
		frame->length = frame->captured;
		assert_int_equal(
			capture_out_frame(&out, ports, &ports->list[n % 5], n, frame, &err), 0);
		if (n % 20 == 0)
			assert_int_equal(
				capture_out_statistics(&out, ports, n, &counts, false, &err), 0);
	}
	assert_int_equal(capture_out_statistics(&out, ports, 3000, &counts, true, &err), 0);
	assert_int_equal(capture_out_flush(&out, true, &err), 0);
	files = out.opened;
	capture_out_close(&out);
	for (uint32_t n = 1; n <= files; n++) {
		struct stat st;

		snprintf(path, sizeof(path), "%s/x.%u", dir, n);
		assert_int_equal(stat(path, &st), 0);
		if (st.st_size > (off_t)config.file_max) {
			assert_int_equal(count_blocks(path, 6), 1);
			large++;
		}
		unlink(path);
	}
	assert_int_equal(large, 6);
	assert_in_range(files, 30, 60);
	assert_int_equal(rmdir(dir), 0);
	capture_ports_done(ports);
	free(ports);
	free(frame);
}

/* As a full disk does it: a write that is cut, then one that fails. */
static void what_does_not_fit_is_cut_off_and_counted(void **state)
{
	static const struct {
		rlim_t room;
		uint32_t files, left; /* left: files */
	} rows[] = {{8000, 0, 1}, {50, 0, 0}, {60000, 3, 1}};

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct capture_ports *ports = calloc(1, sizeof(*ports));
		char dir[] = "/tmp/vlsp-test.XXXXXX", path[80];
		struct capture_out_config config = {
			.path = path, .files = rows[i].files, .file_max = 65536};
		struct rlimit before, limit;
		struct capture_end end = link_end();
		struct capture_out out;
		struct err err = {0};
		struct stat st;
		int r = 0;

		assert_non_null(mkdtemp(dir));
		snprintf(path, sizeof(path), "%s/x", dir);
		assert_int_equal(capture_ports_set(ports, &end), 0);
		assert_int_equal(capture_out_open(&out, &config, 1, &err), 0);
		assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
		limit = (struct rlimit){rows[i].room, before.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		for (uint32_t n = 0; n < 300; n++) {
			struct shot s = datagram(17, 64, 100);

			s.frame.what = n % 2 ? VLSP_TAP_IS_RX : VLSP_TAP_IS_DROP;
			s.frame.cause = VLSP_DROP_LOSS;
			assert_int_equal(
				capture_out_frame(&out, ports, &ports->list[0], n, &s.frame, &err),
				0);
		}
		r = capture_out_flush(&out, true, &err);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(r, -EFBIG);
		assert_non_null(strstr(err.text, path));
		assert_int_equal(out.opened, rows[i].left);
		strcat(path, rows[i].files ? ".1" : "");
		if (rows[i].left) {
			unsigned kept = count_blocks(path, 6);

			assert_in_range(kept, 10, 299);
			assert_int_equal(out.unwritten.frames, 300 - kept);
			assert_int_equal(stat(path, &st), 0);
			assert_in_range(st.st_size, rows[i].room - 300, rows[i].room);
			assert_int_equal(unlink(path), 0);
		}
		assert_int_equal(out.unwritten.bytes, out.unwritten.frames * 134);
		assert_int_equal(out.unwritten.drops[VLSP_DROP_LOSS], out.unwritten.frames / 2);
		capture_out_close(&out);
		assert_int_equal(rmdir(dir), 0);
		capture_ports_done(ports);
		free(ports);
	}
}

static void wrong_usage_needs_no_daemon(void **state)
{
	(void)state;
	expect("capture", 2, "", "needs L|R[:PORT]");
	expect("capture a:b --files 3", 2, "", "--files, --file-size: --write FILE says which");
	expect("capture a:b -w x --files 3", 2, "", "--file-size says how large");
	expect("capture a:b -w - --file-size 1M", 2, "", "--write FILE says which");
	expect("capture a:b --buffer 1K", 2, "", "--buffer: '1K' is not a size from 64K to 64M");
	expect("capture a:b --buffer 4X", 2, "", "is not a size");
	expect("capture a:b --buffer 4MB", 2, "", "is not a size");
	expect("capture a:b --buffer M", 2, "", "is not a size");
	expect("capture a:b --buffer 99999999999999999999", 2, "", "is not a size");
	expect("capture a:b --direction up", 2, "", "is not one of a-to-b b-to-a both");
	expect("capture a:b -c 0", 2, "", "is not a whole number");
	expect("capture a:b --duration 0", 2, "", "is not a time");
}

static void without_the_daemon_s_socket_it_says_so(void **state)
{
	(void)state;
	expect("capture a:b udp", 1, "",
	       "capture.sock: No such file or directory (does vlspd run?");
	expect("--url https://192.0.2.1:8888 capture a:b", 1, "",
	       "is another machine: a capture runs on the daemon's own");
}

static const struct canned rows[] = {{NULL, 0, NULL}};

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(datagrams_are_lines),
		T(control_is_told_by_its_kind),
		T(anything_is_a_printable_line),
		T(comments_have_cause_and_shape),
		T(what_is_no_datagram_was_not_corrupted),
		T(a_drop_goes_with_the_way_it_was_on),
		T(what_the_daemon_says_is_not_for_the_terminal),
		T(a_ring_of_files_is_of_whole_files),
		T(no_file_of_a_ring_is_too_large),
		T(what_does_not_fit_is_cut_off_and_counted),
		T(wrong_usage_needs_no_daemon),
		T(without_the_daemon_s_socket_it_says_so),
	};

	fake.rows = rows;
	return cmocka_run_group_tests(tests, fake_start, fake_stop);
}
