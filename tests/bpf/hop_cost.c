// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a hop takes by itself, in nanoseconds, and how much of that is captures and functions of
 * other flows. The kernel runs the program again and again on one frame (BPF_PROG_TEST_RUN), so
 * that neither devices nor what else goes on in the machine hide a few nanoseconds; but all it
 * touches is in the caches. In turns, medians. hop_cost [ROUNDS]
 */
#include "tests/bpf/functions.h"

#include "lib/base/cleanup.h"

#define RUNS 200 /* on one frame, whose TTL they use up */
#define MOST 100000

static const struct bpf_insn all[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1},
	{.code = BPF_JMP | BPF_EXIT},
};

enum watcher {
	NOBODY,
	CAPTURE_IN = 1 << 0,
	CAPTURE_OUT = 1 << 1,
	PORTS = 1 << 2,
	FUNCTION = 1 << 3
};

static const struct {
	const char *name;
	unsigned by; /* enum watcher */
} cases[] = {
	{"nobody looks on", NOBODY},
	{"a capture of another address where it comes in", CAPTURE_IN},
	{"... where it goes out", CAPTURE_OUT},
	{"... both", CAPTURE_IN | CAPTURE_OUT},
	{"a capture of another port, both", CAPTURE_IN | CAPTURE_OUT | PORTS},
	{"a function that wants another address", FUNCTION},
	{"nobody, once more (noise)", NOBODY},
};

static void capture(unsigned by)
{
	const struct vlsp_hint address = {.value = htonl(ADDR(9)),
					  .mask = 0xffffffff,
					  .protocol = IPPROTO_UDP},
			       ports = {.port_min = 77, .port_max = 77, .protocol = IPPROTO_UDP};
	const struct vlsp_hint *hint = by & PORTS ? &ports : &address;
	struct err err = {0};

	assert_int_equal(bld_tap_filter(bld, 1, all, ARRAY_SIZE(all), hint, &err), 0);
	assert_true(bld_tap_ring(bld, 1, 4096) >= 0);
	assert_int_equal(bld_settle(bld), 0);
	if (by & CAPTURE_IN)
		assert_int_equal(bld_tap_port(bld, IN, 1, VLSP_TAP_RX | VLSP_TAP_FILTER, 64), 0);
	if (by & CAPTURE_OUT)
		assert_int_equal(bld_tap_port(bld, OUT, 1, VLSP_TAP_TX | VLSP_TAP_FILTER, 64), 0);
}

static void function(void)
{
	struct vlsp_match *match = add_fn(0, VLSP_FN_PROG, 0);

	match->flags = VLSP_MATCH_DST;
	match->dst = htonl(ADDR(9));
	match->dst_mask = 0xffffffff;
	prog_returns(0, 0);
	set_chain();
}

static void watched(unsigned by)
{
	bld_tap_clear(bld, 1);
	chain.count = 0;
	set_chain();
	if (by & FUNCTION)
		function();
	else if (by)
		capture(by);
}

/* Nanoseconds of a run, of the best of several: what interrupts it only adds. */
static double once(void)
{
	struct __sk_buff ctx = {.ifindex = IN};
	uint32_t best = UINT32_MAX;

	vdp_frame(&in, ADDR(3), ADDR(2), 20);
	VDP(&in)->ttl = 255;
	for (unsigned i = 0; i < 50; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in.bytes, .data_size_in = in.size,
			    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = RUNS);

		assert_int_equal(bpf_prog_test_run_opts(bld_prog_in(bld), &opts), 0);
		assert_int_equal(opts.retval, ROUTE);
		if (opts.duration < best)
			best = opts.duration;
	}
	return best;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void figures(void **state)
{
	static double ns[ARRAY_SIZE(cases)][MOST];
	const char *text = getenv("ROUNDS");
	int rounds = text ? atoi(text) : 101;

	(void)state;
	need_bpf();
	if (rounds < 1 || rounds > MOST)
		fail_msg("ROUNDS: 1 to %d", MOST);
	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			watched(cases[i].by);
			ns[i][r] = once();
		}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		qsort(ns[i], (size_t)rounds, sizeof(ns[i][0]), by_size);
		printf("%-50s %5.0f ns\n", cases[i].name, ns[i][rounds / 2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(figures, functions_reset),
	};
	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
