// SPDX-License-Identifier: GPL-2.0-or-later
/* Compiled filters in the kernel: the verifier takes them all, and they say what their tree says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "tests/unit/lib/capture/evaluate.h"

static void need(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root\n");
	skip();
}

static int load(const char *text, struct filter **ret_filter)
{
	static char log[65536];
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log));
	struct bpf_insn *insns;
	struct err err = {0};
	size_t count;
	int fd;

	log[0] = '\0';
	if (filter_parse(text, NULL, NULL, ret_filter, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(filter_compile(*ret_filter, &insns, &count), 0);
	fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "filter", "GPL", insns, count, &opts);
	free(insns);
	if (fd < 0)
		fail_msg("%s: %s", text, log);
	return fd;
}

static uint32_t run(int prog, const struct eval_frame *frame)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->size);

	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	return opts.retval;
}

static void programs_load_and_agree(void **state)
{
	const char *seed = getenv("FILTER_SEED"), *runs = getenv("FILTER_RUNS");
	struct eval_rng rng = {seed ? strtoull(seed, NULL, 0) : 2};

	(void)state;
	need();
	for (int n = runs ? atoi(runs) : 300; n > 0; n--) {
		struct filter_node nodes[EVAL_NODES_MAX];
		uint32_t count = 0, root = eval_tree_random(&rng, nodes, &count, 4);
		struct filter *filter;
		size_t size;
		char *text;
		FILE *out = open_memstream(&text, &size);
		int prog;

		assert_non_null(out);
		eval_print(nodes, root, out);
		fclose(out);
		prog = load(text, &filter);
		for (int k = 0; k < 30; k++) {
			struct eval_frame frame;

			eval_frame_random(&rng, &frame);
			if (run(prog, &frame) != eval_filter(filter, &frame))
				fail_msg("%s: the program does not say %d", text,
					 eval_filter(filter, &frame));
		}
		close(prog);
		filter_free(filter);
		free(text);
	}
}

/* All that a filter may have: the verifier must not get lost in it. */
static void the_largest_filter_loads(void **state)
{
	static const char *const tests[] = {"port ", "src and dst net 10.0.0.0/8 and ttl > ",
					    "not udp portrange 1-"};
	char text[FILTER_TEXT_MAX];
	struct filter *filter;

	(void)state;
	need();
	for (size_t kind = 0; kind < ARRAY_SIZE(tests); kind++) {
		char *at = text;

		for (int i = 1; i < FILTER_TESTS_MAX / 2 && at - text < FILTER_TEXT_MAX - 100;
		     i++) {
			at += sprintf(at, "%s(%s%d)",
				      i == 1  ? ""
				      : i % 2 ? " or "
					      : " and ",
				      tests[kind], i % 250);
		}
		close(load(text, &filter));
		filter_free(filter);
	}
}

static void nothing_matches_everything(void **state)
{
	struct eval_frame frame = {.size = 60};
	struct filter *filter;
	int prog;

	(void)state;
	need();
	prog = load("", &filter);
	assert_int_equal(run(prog, &frame), 1);
	close(prog);
	filter_free(filter);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(programs_load_and_agree),
		T(the_largest_filter_loads),
		T(nothing_matches_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
