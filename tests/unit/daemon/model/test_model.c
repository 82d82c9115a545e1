/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model alone: numbers, look-ups, device names, the change feed, the history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/model/edit.h"
#include "include/shared/maps.h"

static int open_model(void **state)
{
	return model_new((struct model **)state);
}

static int close_model(void **state)
{
	model_free(*state);
	return 0;
}

static struct model_router *router(struct model *model, const char *name, uint32_t address)
{
	struct model_router_spec spec = {.name = name, .address = address, .host = "here"};
	struct model_router *made;

	assert_int_equal(model_router_add(model, &spec, &made), 0);
	return made;
}

static struct model_link *link_of(struct model *model, const char *name, struct model_router *a,
				  struct model_router *b)
{
	struct model_link_spec spec = {.name = name, .a = a, .b = b, .weight = 1};
	struct model_link *made;

	assert_int_equal(model_link_add(model, &spec, &made), 0);
	return made;
}

static void a_router_is_found_by_name_id_and_address(void **state)
{
	struct model *model = *state;
	struct model_router *r1 = router(model, "r1", 0x0a000001);
	struct model_router *odd = router(model, "1", 0x0a000002);

	assert_ptr_equal(model_router_by_name(model, "r1"), r1);
	assert_ptr_equal(model_router_by_id(model, r1->id), r1);
	assert_ptr_equal(model_router_by_address(model, 0x0a000001), r1);
	assert_ptr_equal(model_router_by_slot(model, r1->slot), r1);
	assert_ptr_equal(model_router_find(model, "10.0.0.1"), r1);
	assert_ptr_equal(model_router_find(model, "2"), odd);
	/* A name goes before an id. */
	assert_ptr_equal(model_router_find(model, "1"), odd);
	assert_null(model_router_find(model, "01"));
	assert_null(model_router_find(model, "4294967297"));
	assert_null(model_router_find(model, ""));
	assert_null(model_router_find(model, "r2"));
	assert_null(model_router_by_slot(model, VLSP_SLOT_MAX));
}

static void a_link_is_found_by_name_id_and_pair(void **state)
{
	struct model *model = *state;
	struct model_router *a = router(model, "a", 1), *b = router(model, "b", 2);
	struct model_router *c = router(model, "c", 3);
	struct model_link *ab = link_of(model, "a-b", a, b), *two, *some[2];

	assert_ptr_equal(model_link_find(model, "1"), ab);
	assert_ptr_equal(model_link_find(model, "a:b"), ab);
	assert_ptr_equal(model_link_find(model, "b:1"), ab);
	two = link_of(model, "a-b.2", a, b);
	assert_ptr_equal(model_link_find(model, "a-b.2"), two);
	/* Which of the two is not guessed. */
	assert_null(model_link_find(model, "a:b"));
	assert_int_equal(model_links_of_pair(model, "b:1", some, 2), 2);
	assert_ptr_equal(some[0], ab);
	assert_ptr_equal(some[1], two);
	assert_int_equal(model_links_between(b, a, some, 1), 2);
	assert_int_equal(model_links_between(a, c, some, 2), 0);
	assert_int_equal(model_links_between(a, a, some, 2), 0);
	assert_null(model_link_find(model, "a:a"));
	assert_null(model_link_find(model, "a:x"));
	assert_null(model_link_find(model, ":"));
	assert_ptr_equal(model_end_by_port(model, two->end[1].port), &two->end[1]);
	assert_null(model_end_by_port(model, VLSP_PORT_MAX));
}

static void ids_are_never_used_again(void **state)
{
	struct model *model = *state;
	uint32_t last = 0;
	int i;

	for (i = 0; i < 3000; i++) {
		struct model_router *r = router(model, "r", 5);

		assert_true(r->id > last);
		last = r->id;
		assert_int_equal(model_next_router_id(model), last + 1);
		model_router_remove(model, r, true, 1);
	}
}

static void slots_and_ports_are_dense_and_not_used_again_at_once(void **state)
{
	struct model *model = *state;
	struct model_router *r[600];
	uint32_t gone, i;
	char name[16];

	for (i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		r[i] = router(model, name, i + 1);
		assert_int_equal(r[i]->slot, i);
		assert_int_equal(r[i]->edge_port, VLSP_PORT_FIRST + i);
	}
	gone = r[3]->slot;
	model_router_remove(model, r[3], true, 1);
	for (i = 0; i < 2000; i++) {
		struct model_router *next = router(model, "next", 700);

		/* The smallest FIB is large enough all the time. */
		assert_true(next->slot < VLSP_FIB_MIN);
		if (i < 400)
			assert_int_not_equal(next->slot, gone);
		model_router_remove(model, next, true, 1);
	}
}

static void a_full_model_refuses_and_stays_as_it_is(void **state)
{
	struct model *model = *state;
	struct model_router_spec spec = {.name = "one-more", .address = 0xffffff, .host = ""};
	struct model_router *made = NULL;
	char name[16];
	uint32_t i;

	for (i = 0; i < VLSP_SLOT_MAX; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		router(model, name, i + 1);
	}
	assert_int_equal(model_router_add(model, &spec, &made), -ENOSPC);
	assert_null(made);
	assert_int_equal(model->router_count, VLSP_SLOT_MAX);
	model_router_remove(model, model_router_by_name(model, "r77"), true, 1);
	assert_int_equal(model_router_add(model, &spec, &made), 0);
	assert_int_equal(made->slot, 77);
}

static void a_name_can_be_given_again_while_its_holder_goes(void **state)
{
	struct model *model = *state;
	struct model_router_spec spec = {.name = "r", .address = 9, .host = ""};
	struct model_router *old = router(model, "r", 9), *new;

	assert_int_equal(model_router_add(model, &spec, &new), -EEXIST);
	spec.name = "other";
	assert_int_equal(model_router_add(model, &spec, &new), -EEXIST);
	model_router_set_state(model, old, MODEL_DELETING);
	spec.name = "r";
	assert_int_equal(model_router_add(model, &spec, &new), 0);
	assert_ptr_equal(model_router_by_name(model, "r"), new);
	assert_ptr_equal(model_router_by_address(model, 9), new);
	model_router_remove(model, new, false, 1);
	assert_ptr_equal(model_router_by_name(model, "r"), old);
	assert_ptr_equal(model_router_by_address(model, 9), old);
	assert_true(list_empty(&model->removed));
}

static void device_names_follow_the_rule(void **state)
{
	static const struct {
		const char *neighbour;
		const char *first, *second;
	} rows[] = {
		{"r2", "to-r2", "to-r2.2"},
		{"exactly12chr", "to-exactly12chr", NULL},
		{"tenletters", "to-tenletters", "to-tenletters.2"},
		{"a-name-of-many-characters", NULL, NULL},
	};
	struct model *model = *state;
	struct model_router *hub = router(model, "hub", 1);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct model_router *r = router(model, rows[i].neighbour, (uint32_t)i + 2);
		char name[80];
		struct model_link *one, *two;

		snprintf(name, sizeof(name), "x%zu", i);
		one = link_of(model, name, hub, r);
		snprintf(name, sizeof(name), "y%zu", i);
		two = link_of(model, name, hub, r);
		if (rows[i].first)
			assert_string_equal(one->end[0].ifname, rows[i].first);
		if (rows[i].second)
			assert_string_equal(two->end[0].ifname, rows[i].second);
		if (!rows[i].first) {
			assert_int_equal(strlen(one->end[0].ifname), 15);
			assert_memory_equal(one->end[0].ifname, "to-a-name~", 10);
		}
		assert_string_not_equal(one->end[0].ifname, two->end[0].ifname);
		assert_string_equal(one->end[1].ifname, "to-hub");
		assert_string_equal(two->end[1].ifname, "to-hub.2");
	}
}

static int compare_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void device_names_of_a_large_hub_are_unique_and_short(void **state)
{
	struct model *model = *state;
	struct model_router *hub = router(model, "hub", 1);
	const char **names = calloc(6000, sizeof(names[0]));
	struct list *pos;
	size_t count = 0, i;
	char name[80];

	for (i = 0; i < 3000; i++) {
		struct model_router *r;

		snprintf(name, sizeof(name), "a-router-with-a-long-name-number-%zu", i);
		r = router(model, name, (uint32_t)i + 2);
		link_of(model, name, hub, r);
		strcat(name, "-again");
		link_of(model, name, r, hub);
	}
	list_for_each (pos, &hub->links)
		names[count++] = list_entry(pos, struct model_end, of_router)->ifname;
	assert_int_equal(count, 6000);
	qsort(names, count, sizeof(names[0]), compare_text);
	for (i = 0; i < count; i++) {
		assert_true(strlen(names[i]) <= 15);
		if (i)
			assert_string_not_equal(names[i - 1], names[i]);
	}
	free(names);
}

static void a_device_name_is_free_again_once_its_link_goes(void **state)
{
	struct model *model = *state;
	struct model_router *a = router(model, "a", 1), *b = router(model, "b", 2);
	struct model_link *old = link_of(model, "l", a, b), *new, *found = NULL;

	model_link_set_state(model, old, MODEL_DELETING);
	new = link_of(model, "l", a, b);
	assert_string_equal(new->end[0].ifname, "to-b");
	assert_ptr_equal(model_link_by_name(model, "l"), new);
	assert_int_equal(model_links_between(a, b, &found, 1), 1);
	assert_ptr_equal(found, new);
	model_link_remove(model, old);
	assert_ptr_equal(model_link_by_name(model, "l"), new);
	assert_int_equal(a->link_count, 1);
}

struct feed {
	uint64_t seq;
	int count;
	char text[400];
	struct model *model;
};

static void listen(void *arg, const struct model_change *change)
{
	struct feed *feed = arg;
	size_t used = strlen(feed->text);

	assert_int_equal(change->seq, feed->seq + 1);
	feed->seq = change->seq;
	feed->count++;
	assert_non_null(change->what);
	snprintf(feed->text + used, sizeof(feed->text) - used, "%d %s %s;", change->kind,
		 change->router ? change->router->name
		 : change->link ? change->link->name
				: "-",
		 change->what);
}

static void changes_are_told_in_order_and_only_when_something_changed(void **state)
{
	struct model *model = *state;
	struct feed feed = {.seq = model->seq};
	struct model_topology topology;
	struct model_router *a, *b;
	struct model_link *link;
	uint64_t generation = model->generation;

	assert_int_equal(model_subscribe(model, listen, &feed), 0);
	a = router(model, "a", 1);
	b = router(model, "b", 2);
	link = link_of(model, "l", a, b);
	model_link_set_weight(model, link, 5);
	model_link_set_weight(model, link, 5);
	model_link_set_admin(model, link, MODEL_DOWN);
	model_end_set_oper(model, &link->end[1], true);
	model_end_set_oper(model, &link->end[1], true);
	model_router_set_rib(model, a, 1, 2, 3);
	model_router_set_rib(model, a, 1, 2, 3);
	model_router_set_state(model, a, MODEL_RUNNING);
	model_topology_get(model, &topology);
	model_topology_set(model, &topology);
	strcpy(topology.name, "net");
	model_topology_set(model, &topology);
	model_link_remove(model, link);
	model_router_remove(model, a, true, 1);
	assert_string_equal(feed.text, "0 a added;0 b added;3 l added;4 l weight;4 l admin;"
				       "4 l oper;1 a rib;1 a state;6 - topology;5 l removed;"
				       "2 a removed;");
	assert_true(model->generation > generation);
	model_unsubscribe(model, listen, &feed);
	model_router_remove(model, b, true, 1);
	assert_int_equal(feed.count, 11);
}

static void leave(void *arg, const struct model_change *change)
{
	struct feed *feed = arg;

	(void)change;
	feed->count++;
	model_unsubscribe(feed->model, leave, feed);
}

static void a_subscriber_may_leave_during_a_change(void **state)
{
	struct model *model = *state;
	struct feed first = {.model = model}, second = {.seq = model->seq};

	assert_int_equal(model_subscribe(model, leave, &first), 0);
	assert_int_equal(model_subscribe(model, listen, &second), 0);
	router(model, "a", 1);
	router(model, "b", 2);
	assert_int_equal(first.count, 1);
	assert_int_equal(second.count, 2);
}

static void the_history_keeps_the_last_ten_thousand(void **state)
{
	struct model *model = *state;
	const struct model_removed *oldest;
	struct list *pos;
	uint32_t count = 0, i;

	for (i = 1; i <= 10050; i++)
		model_router_remove(model, router(model, "r", 1), true, i);
	list_for_each (pos, &model->removed)
		count++;
	oldest = list_entry(model->removed.next, struct model_removed, all);
	assert_int_equal(count, 10000);
	assert_int_equal(oldest->id, 51);
	assert_int_equal(oldest->time_ms, 51);
	assert_string_equal(oldest->name, "r");
}

static struct model_router_spec spec_of(const char *name, uint32_t address)
{
	return (struct model_router_spec){
		.name = name, .address = address, .host = "here", .limits = {.memory = 7}};
}

static void a_router_is_restored_under_its_numbers(void **state)
{
	struct model *model = *state;
	struct model_router_spec spec = spec_of("r9", 9);
	struct model_router *r9, *r4, *made = NULL;
	uint32_t last_router, last_link;

	assert_int_equal(model_router_restore(model, &spec, 9, 100, 5000, &r9), 0);
	assert_int_equal(r9->id, 9);
	assert_int_equal(r9->slot, 100);
	assert_int_equal(r9->edge_port, 5000);
	assert_int_equal(r9->state, MODEL_PLANNED);
	assert_int_equal(r9->limits.memory, 7);
	assert_ptr_equal(model_router_by_slot(model, 100), r9);
	spec = spec_of("r4", 4);
	assert_int_equal(model_router_restore(model, &spec, 4, 3, 16, &r4), 0);
	/* In order of id, whatever the order they come in. */
	assert_ptr_equal(list_entry(model->routers.next, struct model_router, all), r4);

	spec = spec_of("r5", 5);
	assert_int_equal(model_router_restore(model, &spec, 0, 5, 17, &made), -ERANGE);
	assert_int_equal(model_router_restore(model, &spec, 9, 5, 17, &made), -EEXIST);
	assert_int_equal(model_router_restore(model, &spec, 5, 100, 17, &made), -EEXIST);
	assert_int_equal(model_router_restore(model, &spec, 5, 5, 5000, &made), -EEXIST);
	assert_int_equal(model_router_restore(model, &spec, 5, VLSP_SLOT_MAX, 17, &made), -ERANGE);
	assert_int_equal(model_router_restore(model, &spec, 5, 5, VLSP_PORT_MAX, &made), -ERANGE);
	assert_int_equal(model_router_restore(model, &spec, 5, 5, 1, &made), -ERANGE);
	spec.name = "r4";
	assert_int_equal(model_router_restore(model, &spec, 5, 5, 17, &made), -EEXIST);
	spec = spec_of("r5", 4);
	assert_int_equal(model_router_restore(model, &spec, 5, 5, 17, &made), -EEXIST);
	assert_null(made);
	assert_int_equal(model->router_count, 2);
	/* What was refused has left no number taken. */
	spec = spec_of("r5", 5);
	assert_int_equal(model_router_restore(model, &spec, 5, 5, 17, &made), 0);

	assert_int_equal(model_next_router_id(model), 10);
	model_restore_ids(model, 40, 50);
	model_restore_ids(model, 3, 3);
	model_last_ids(model, &last_router, &last_link);
	assert_int_equal(last_router, 40);
	assert_int_equal(last_link, 50);
	made = router(model, "new", 77);
	assert_int_equal(made->id, 41);
	assert_int_equal(made->slot, 6); /* behind the last that was taken */
}

static void a_link_is_restored_under_its_numbers(void **state)
{
	struct model *model = *state;
	struct model_router *a = router(model, "a", 1), *b = router(model, "b", 2);
	struct model_link_spec spec = {.name = "l", .a = a, .b = b, .weight = 3};
	struct model_link_numbers numbers = {
		.id = 7, .port = {900, 901}, .ifname = {"to-b.2", "to-a"}, .admin = MODEL_SILENT};
	struct model_link *link, *more = NULL;

	assert_int_equal(model_link_restore(model, &spec, &numbers, &link), 0);
	assert_int_equal(link->id, 7);
	assert_int_equal(link->admin, MODEL_SILENT);
	assert_int_equal(link->state, MODEL_PLANNED);
	assert_string_equal(link->end[0].ifname, "to-b.2");
	assert_ptr_equal(model_end_by_port(model, 901), &link->end[1]);
	assert_ptr_equal(model_link_by_name(model, "l"), link);

	numbers = (struct model_link_numbers){
		.id = 8, .port = {902, 903}, .ifname = {"to-b", "to-a.2"}};
	assert_int_equal(model_link_restore(model, &spec, &numbers, &more), -EEXIST);
	spec.name = "m";
	numbers.id = 7;
	assert_int_equal(model_link_restore(model, &spec, &numbers, &more), -EEXIST);
	numbers.id = 0;
	assert_int_equal(model_link_restore(model, &spec, &numbers, &more), -ERANGE);
	numbers.id = 3;
	numbers.port[1] = 900;
	assert_int_equal(model_link_restore(model, &spec, &numbers, &more), -EEXIST);
	numbers.port[1] = 902;
	assert_int_equal(model_link_restore(model, &spec, &numbers, &more), -EEXIST);
	numbers.port[1] = VLSP_PORT_MAX;
	assert_int_equal(model_link_restore(model, &spec, &numbers, &more), -ERANGE);
	numbers.port[1] = 903;
	numbers.ifname[1] = "to-a";
	assert_int_equal(model_link_restore(model, &spec, &numbers, &more), -EEXIST);
	numbers.ifname[1] = "to-a.2";
	assert_null(more);
	assert_int_equal(model_link_restore(model, &spec, &numbers, &more), 0);
	assert_ptr_equal(list_entry(model->links.next, struct model_link, all), more);
	assert_int_equal(a->link_count, 2);
	/* The next one goes by the rule, and by the numbers. */
	assert_string_equal(link_of(model, "n", a, b)->end[0].ifname, "to-b.3");
	assert_int_equal(model_link_by_name(model, "n")->id, 8);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, open_model, close_model)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_router_is_found_by_name_id_and_address),
		TEST(a_link_is_found_by_name_id_and_pair),
		TEST(ids_are_never_used_again),
		TEST(slots_and_ports_are_dense_and_not_used_again_at_once),
		TEST(a_full_model_refuses_and_stays_as_it_is),
		TEST(a_name_can_be_given_again_while_its_holder_goes),
		TEST(device_names_follow_the_rule),
		TEST(device_names_of_a_large_hub_are_unique_and_short),
		TEST(a_device_name_is_free_again_once_its_link_goes),
		TEST(changes_are_told_in_order_and_only_when_something_changed),
		TEST(a_subscriber_may_leave_during_a_change),
		TEST(the_history_keeps_the_last_ten_thousand),
		TEST(a_router_is_restored_under_its_numbers),
		TEST(a_link_is_restored_under_its_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
