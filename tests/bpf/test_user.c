// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * eBPF objects that users bring: what is loaded and pinned, what is refused and why, and that
 * nothing is left. Objects are compiled here, from a few lines each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/loader/user.h"
#include "lib/base/cleanup.h"

#define DIR_OF "/sys/fs/bpf/vlsp-test"
#define HEAD                                                                                       \
	"#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"                                   \
	"char the_license[] SEC(\"license\") = \"GPL\";\n"
#define PASS(name) "SEC(\"tc\") int " name "(struct __sk_buff *skb) { return 0; }\n"
#define COUNT                                                                                      \
	"struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4);\n"                     \
	"__type(key, __u32); __type(value, __u64); } counts SEC(\".maps\");\n"                     \
	"__u64 seen;\n"                                                                            \
	"SEC(\"classifier\") int count(struct __sk_buff *skb)\n"                                   \
	"{ __u32 zero = 0; __u64 *n = bpf_map_lookup_elem(&counts, &zero);\n"                      \
	"if (n) ++*n; seen++; return skb->len > 100 ? 2 : 0; }\n"

/* --- a journal ------------------------------------------------------------------------------- */

static char lines[16][256];
static int refuse_after = -1; /* so many lines, then it can take none */

static int find(const char *what)
{
	for (int i = 0; i < 16; i++)
		if (strcmp(lines[i], what) == 0)
			return i;
	return -1;
}

static int add(void *arg, const char *kind, const char *what)
{
	int at = find("");

	(void)arg;
	assert_string_equal(kind, "pin");
	if (refuse_after >= 0 && refuse_after-- == 0)
		return -ENOSPC;
	assert_true(at >= 0);
	snprintf(lines[at], sizeof(lines[at]), "%s", what);
	return 0;
}

static void del(void *arg, const char *kind, const char *what)
{
	(void)arg;
	(void)kind;
	assert_true(find(what) >= 0);
	lines[find(what)][0] = '\0';
}

static bool has(void *arg, const char *kind, const char *what)
{
	(void)arg;
	(void)kind;
	return *what && find(what) >= 0;
}

static const struct bld_journal journal = {.add = add, .del = del, .has = has};

static int noted(void)
{
	int count = 0;

	for (int i = 0; i < 16; i++)
		count += lines[i][0] != '\0';
	return count;
}

/* --- objects --------------------------------------------------------------------------------- */

static char object[] = "/tmp/vlsp-user.XXXXXX";

static void compile(const char *source)
{
	char command[512];
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "clang-14 -g -O2 -target bpf -I/usr/include/$(uname -m)-linux-gnu -x c -c - -o %s",
		 object);
	pipe = popen(command, "w");
	assert_non_null(pipe);
	assert_true(fputs(source, pipe) >= 0);
	assert_int_equal(pclose(pipe), 0);
}

static int setup(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700") < 0)
		return -1;
	close(mkstemp(object));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(object);
	return 0;
}

static void need(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root\n");
	skip();
}

static bool is_there(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s%s", DIR_OF, *name ? "/" : "", name);
	return access(path, F_OK) == 0;
}

/* --- tests ----------------------------------------------------------------------------------- */

static void a_program_is_loaded_and_pinned_with_its_maps(void **state)
{
	uint8_t frame[200] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = 60);
	struct err err = {0};
	uint32_t zero = 0;
	uint64_t value = 0;
	int prog = -1, map;

	(void)state;
	need();
	compile(HEAD COUNT);
	if (bld_user_load(object, NULL, DIR_OF, &journal, &prog, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(is_there("prog") && is_there("counts") && is_there("bss"));
	assert_int_equal(noted(), 3);
	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	assert_int_equal(opts.retval, 0);
	opts.data_size_in = 200;
	opts.data_size_out = 0;
	assert_int_equal(bpf_prog_test_run_opts(prog, &opts), 0);
	assert_int_equal(opts.retval, 2);
	map = bpf_obj_get(DIR_OF "/counts");
	assert_int_equal(bpf_map_lookup_elem(map, &zero, &value), 0);
	assert_int_equal(value, 2);
	close(map);
	close(prog);
	bld_user_remove(DIR_OF, &journal);
	assert_false(is_there(""));
	assert_int_equal(noted(), 0);
	bld_user_remove(DIR_OF, &journal); /* once more: nothing */
}

static void one_of_several_is_named(void **state)
{
	struct err err = {0};
	int prog = -1;

	(void)state;
	need();
	compile(HEAD PASS("one") PASS("two"));
	assert_int_equal(bld_user_load(object, NULL, DIR_OF, &journal, &prog, &err), -EINVAL);
	assert_non_null(strstr(err.text, "has several programs, one, two: which one"));
	assert_int_equal(bld_user_load(object, "three", DIR_OF, &journal, &prog, &err), -EINVAL);
	assert_non_null(strstr(err.text, "has no program three, but one, two"));
	assert_int_equal(prog, -1);
	assert_int_equal(bld_user_load(object, "two", DIR_OF, &journal, &prog, &err), 0);
	assert_true(prog >= 0);
	close(prog);
	bld_user_remove(DIR_OF, &journal);
}

static void what_is_no_function_is_refused(void **state)
{
	static const struct {
		const char *source;
		int r;
		const char *text;
	} rows[] = {
		{HEAD "SEC(\"kprobe/do_exit\") int probe(void *ctx) { return 0; }\n", -EINVAL,
		 "program probe of section \"kprobe/do_exit\" is no classifier"},
		{HEAD PASS("good") "SEC(\"xdp\") int fast(struct xdp_md *ctx) { return 2; }\n",
		 -EINVAL, "program fast of section \"xdp\" is no classifier"},
		{HEAD, -EINVAL, "has no program"},
		/* reads where there may be nothing */
		{HEAD "SEC(\"tc\") int wild(struct __sk_buff *skb)\n"
		      "{ return *(int *)(long)skb->data; }\n",
		 -EACCES, "the kernel's verifier refused it: "},
	};
	struct err err;
	int prog = -1;

	(void)state;
	need();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		compile(rows[i].source);
		err = (struct err){0};
		assert_int_equal(bld_user_load(object, NULL, DIR_OF, &journal, &prog, &err),
				 rows[i].r);
		if (!strstr(err.text, rows[i].text))
			fail_msg("row %zu: %s", i, err.text);
		assert_int_equal(err.code, -rows[i].r);
		assert_false(is_there(""));
	}
	/* the verifier's reason is in it */
	assert_non_null(strstr(err.text, "invalid access to packet"));
}

static void a_file_that_is_no_object_is_said(void **state)
{
	struct err err = {0};
	int prog = -1;
	FILE *file;

	(void)state;
	need();
	assert_int_equal(bld_user_load("/nowhere.o", NULL, DIR_OF, &journal, &prog, &err), -ENOENT);
	assert_string_equal(err.text, "/nowhere.o: No such file or directory");
	file = fopen(object, "w");
	assert_non_null(file);
	fputs("this is no object", file);
	fclose(file);
	assert_true(bld_user_load(object, NULL, DIR_OF, &journal, &prog, &err) < 0);
	assert_non_null(strstr(err.text, object));
	assert_true(strlen(err.text) > strlen(object) + 10);
}

static void a_failure_leaves_nothing(void **state)
{
	struct err err = {0};
	int prog = -1;

	(void)state;
	need();
	compile(HEAD COUNT);
	for (int n = 0; n < 3; n++) {
		refuse_after = n;
		assert_int_equal(bld_user_load(object, NULL, DIR_OF, &journal, &prog, &err),
				 -ENOSPC);
		assert_false(is_there(""));
		assert_int_equal(noted(), 0);
	}
	refuse_after = -1;
	/* a map cannot have the program's place */
	compile(HEAD "struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4);\n"
		     "__type(key, __u32); __type(value, __u64); } prog SEC(\".maps\");\n"
		     "SEC(\"tc\") int use(struct __sk_buff *skb)\n"
		     "{ __u32 zero = 0; return !bpf_map_lookup_elem(&prog, &zero); }\n");
	assert_int_equal(bld_user_load(object, NULL, DIR_OF, &journal, &prog, &err), -EEXIST);
	assert_false(is_there(""));
	assert_int_equal(noted(), 0);
}

static void what_somebody_else_pinned_stays(void **state)
{
	struct err err = {0};
	int prog = -1, map;

	(void)state;
	need();
	compile(HEAD COUNT);
	assert_int_equal(bld_user_load(object, NULL, DIR_OF, &journal, &prog, &err), 0);
	close(prog);
	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "theirs", 4, 8, 4, NULL);
	assert_int_equal(bpf_obj_pin(map, DIR_OF "/theirs"), 0);
	/* and under a name of ours, in place of ours */
	assert_int_equal(unlink(DIR_OF "/counts"), 0);
	assert_int_equal(bpf_obj_pin(map, DIR_OF "/counts"), 0);
	bld_user_remove(DIR_OF, &journal);
	assert_true(is_there("theirs") && is_there("counts"));
	assert_false(is_there("prog") || is_there("bss"));
	unlink(DIR_OF "/theirs");
	unlink(DIR_OF "/counts");
	rmdir(DIR_OF);
	close(map);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_program_is_loaded_and_pinned_with_its_maps),
		T(one_of_several_is_named),
		T(what_is_no_function_is_refused),
		T(a_file_that_is_no_object_is_said),
		T(a_failure_leaves_nothing),
		T(what_somebody_else_pinned_stays),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
