/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start of an application comes back as it was, and nothing else is taken for one. */
#include "lib/wire/app_codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const args[] = {"prog", "-x", "", NULL};
static const char *const env[] = {"A=b", NULL};
static const char *const none[] = {NULL};
static const char *const hide[] = {"/run", "/var", NULL};
static const uint32_t gids[] = {7, 8, 9};
static const struct app_file files[] = {
	{.path = "/tmp/a", .content = "x\0y", .size = 3, .mode = 0600},
	{.path = "/etc/b", .content = "", .size = 0, .mode = 0644}};

static const struct app_spec spec = {
	.head = {.id = 5,
		 .router_id = 6,
		 .slot = 7,
		 .uid = 1,
		 .gid = 2,
		 .grace_ms = 3,
		 .caps = 1ull << 40,
		 .netns = 12,
		 .gid_count = 3,
		 .file_count = 2},
	.texts = {"/bin/prog", "/tmp", "/run/ns", "", "/opt"},
	.lists = {[APP_ARGS] = args, [APP_ENV] = env, [APP_GROUPS] = none, [APP_HIDE] = hide},
	.gids = gids,
	.files = files,
};

static void same_lists(const char *const *x, const char *const *y)
{
	for (; *x && *y; x++, y++)
		assert_string_equal(*x, *y);
	assert_null(*x);
	assert_null(*y);
}

static void test_round(void **state)
{
	struct app_spec *back;
	void *data;
	size_t size;

	(void)state;
	assert_int_equal(app_spec_encode(&spec, &data, &size), 0);
	assert_int_equal(app_spec_decode(data, size, &back), 0);
	assert_int_equal(back->head.id, 5);
	assert_int_equal(back->head.slot, 7);
	assert_true(back->head.caps == 1ull << 40);
	for (size_t i = 0; i < APP_TEXTS; i++)
		assert_string_equal(back->texts[i], spec.texts[i]);
	for (size_t i = 0; i < APP_LISTS; i++)
		same_lists(back->lists[i], spec.lists[i]);
	assert_memory_equal(back->gids, gids, sizeof(gids));
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(back->files[i].path, files[i].path);
		assert_int_equal(back->files[i].size, files[i].size);
		assert_int_equal(back->files[i].mode, files[i].mode);
		assert_memory_equal(back->files[i].content, files[i].content, files[i].size);
	}
	free(back);
	free(data);
}

/* Shorter, longer, and with counts that cannot be. */
static void test_damaged(void **state)
{
	struct app_spec *back;
	struct app_head *head;
	size_t size, room;
	void *data, *copy;

	(void)state;
	assert_int_equal(app_spec_encode(&spec, &data, &size), 0);
	for (room = 0; room < size; room++) {
		copy = malloc(room ? room : 1); /* ASan watches its end */
		memcpy(copy, data, room);
		assert_int_equal(app_spec_decode(copy, room, &back), -EPROTO);
		free(copy);
	}
	copy = calloc(1, size + 1);
	memcpy(copy, data, size);
	assert_int_equal(app_spec_decode(copy, size + 1, &back), -EPROTO);
	head = copy;
	head->counts[APP_ENV] = APP_LIST_MAX + 1;
	assert_int_equal(app_spec_decode(copy, size, &back), -EPROTO);
	memcpy(copy, data, size);
	head->file_count = UINT32_MAX;
	assert_int_equal(app_spec_decode(copy, size, &back), -EPROTO);
	memcpy(copy, data, size);
	head->gid_count = 1u << 30;
	assert_int_equal(app_spec_decode(copy, size, &back), -EPROTO);
	free(copy);
	free(data);
}

static void test_too_much(void **state)
{
	static const char *many[APP_LIST_MAX + 2];
	struct app_file large = {.path = "/tmp/a", .size = APP_SPEC_MAX};
	struct app_spec too = spec;
	size_t size;
	void *data;

	(void)state;
	for (size_t i = 0; i <= APP_LIST_MAX; i++)
		many[i] = "";
	too.lists[APP_ARGS] = many;
	assert_int_equal(app_spec_encode(&too, &data, &size), -E2BIG);
	too = spec;
	too.files = &large;
	too.head.file_count = 1;
	assert_int_equal(app_spec_encode(&too, &data, &size), -E2BIG);
	too.head.file_count = APP_LIST_MAX + 1;
	assert_int_equal(app_spec_encode(&too, &data, &size), -E2BIG);
}

/* There is always a name for the program. */
static void test_nameless(void **state)
{
	struct app_spec less = spec, *back;
	size_t size;
	void *data;

	(void)state;
	less.lists[APP_ARGS] = none;
	assert_int_equal(app_spec_encode(&less, &data, &size), 0);
	assert_int_equal(app_spec_decode(data, size, &back), -EPROTO);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_nameless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
