/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shapes of running links: changed in place, by direction, and refused before anything is changed.
 */
#include "tests/unit/daemon/ctl/world.h"

#include "daemon/ctl/ask.h"

struct shaped {
	struct world w;
	struct ending ending;
	struct err err;
};

static int setup(void **state)
{
	struct shaped *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	world_open(&s->w);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct shaped *s = *state;

	world_close(&s->w);
	free(s);
	return 0;
}

/* "KEY=VALUE ..." into one direction of a change. */
static void put(struct ctl_link_change *change, int side, const char *words)
{
	char copy[200], *word, *save = NULL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		assert_int_equal(topo_shape_change(&change->shape[side], &change->clear[side], word,
						   value, NULL),
				 0);
	}
}

/* Changes link, both directions (ab NULL: not that one); what ctl_link_set() said at once. */
static int set(struct shaped *s, const char *link, const char *ab, const char *ba)
{
	struct ctl_link_change change = {0};

	if (ab)
		put(&change, 0, ab);
	if (ba)
		put(&change, 1, ba);
	s->ending = (struct ending){0};
	s->err = (struct err){0};
	return ctl_link_set(s->w.ctl, link, &change, world_ended, &s->ending, NULL, &s->err);
}

static void must_set(struct shaped *s, const char *link, const char *ab, const char *ba)
{
	if (set(s, link, ab, ba) < 0)
		fail_msg("%s", s->err.text);
	world_wait(&s->w, &s->ending);
	if (s->ending.op.state != CTL_DONE)
		fail_msg("%s", s->ending.op.err.text);
}

/* The whole of a direction, as "KEY=VALUE ...". */
static const char *shape_text(const struct topo_shape *shape)
{
	static char text[400];
	const char *key;
	char value[48];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; topo_shape_format(shape, i, &key, value) == 0; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s=%s", n ? " " : "", key,
				      value);
	return text;
}

static void assert_shapes(const struct shaped *s, const char *name, const char *ab, const char *ba)
{
	const struct model_link *link = model_link_by_name(s->w.model, name);

	assert_non_null(link);
	assert_string_equal(shape_text(&link->shape[0]), ab);
	assert_string_equal(shape_text(&link->shape[1]), ba);
	world_check(&s->w); /* the machine has the same */
}

static void triangle(struct shaped *s)
{
	world_router(&s->w, "a", 0);
	world_router(&s->w, "b", 0);
	world_router(&s->w, "c", 0);
	world_link(&s->w, "a", "b", NULL);
	world_link(&s->w, "b", "c", NULL);
}

static void only_what_is_named_changes(void **state)
{
	struct shaped *s = *state;

	triangle(s);
	must_set(s, "a-b", "rate=10mbit delay=20ms loss=1%", "delay=20ms");
	assert_shapes(s, "a-b", "rate=10mbit delay=20ms loss=1%", "delay=20ms");
	must_set(s, "a-b", "delay=5ms", NULL);
	assert_shapes(s, "a-b", "rate=10mbit delay=5ms loss=1%", "delay=20ms");
	must_set(s, "a:b", "rate=none burst=2", "jitter=1ms");
	assert_shapes(s, "a-b", "delay=5ms loss=1% burst=2", "delay=20ms jitter=1ms");
	must_set(s, "a-b", "delay=none loss=none burst=none", "delay=none jitter=none");
	assert_shapes(s, "a-b", "", "");
	assert_shapes(s, "b-c", "", "");
}

/* The machine gets one item; routes are those that were, so nobody waits for them. */
static void a_shape_alone_is_done_at_once(void **state)
{
	struct shaped *s = *state;
	struct fake_counts before, after;
	struct ctl_health health;

	triangle(s);
	world_settle(&s->w, 5);
	before = world_counts(&s->w);
	fake_mute(s->w.host, true); /* no report could come */
	must_set(s, "a-b", "delay=20ms", "delay=20ms");
	after = world_counts(&s->w);
	assert_int_equal(after.batches, before.batches + 1);
	assert_int_equal(after.items, before.items + 1);
	ctl_health(s->w.ctl, &health);
	assert_true(health.converged);
	must_set(s, "a-b", "delay=20ms", "delay=20ms"); /* it is so already */
	assert_int_equal(world_counts(&s->w).batches, after.batches);
}

static void what_would_make_no_sense_is_refused_and_changes_nothing(void **state)
{
	static const struct {
		const char *ab, *ba, *says;
	} rows[] = {
		{"jitter=21ms", "jitter=21ms", "jitter: 21ms is more than the delay, 20ms"},
		{"delay=none", "delay=none", "jitter: 1ms, but there is no delay to vary"},
		{"delay=0ms", NULL, "a to b: jitter: 1ms, but there is no delay to vary"},
		{NULL, "loss=none", "b to a: burst: there is no loss"},
		{NULL, "loss=100%", "b to a: loss: 100% leaves nothing between the bursts"},
		{"order=keep", "burst-loss=0.5%", "b to a: loss: 1% in all is not less than 0.5%"},
	};
	struct shaped *s = *state;
	static const char is[] = "delay=20ms jitter=1ms loss=1% burst=5";
	char *before, *after;

	triangle(s);
	must_set(s, "a-b", is, is);
	before = world_picture(&s->w);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_counts counts = world_counts(&s->w);

		assert_int_equal(set(s, "a-b", rows[i].ab, rows[i].ba), -EINVAL);
		if (strncmp(s->err.text, rows[i].says, strlen(rows[i].says)) != 0)
			fail_msg("%s", s->err.text);
		world_settle(&s->w, 3);
		assert_int_equal(world_counts(&s->w).batches, counts.batches);
		assert_shapes(s, "a-b", is, is);
	}
	after = world_picture(&s->w);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void what_the_machine_cannot_emulate_is_refused(void **state)
{
	struct shaped *s = *state;
	struct ctl_link_spec spec = {.router1 = "a", .router2 = "c"};

	triangle(s);
	must_set(s, "b-c", "loss=1%", "loss=1%");
	fake_refuse_shapes(s->w.host, TOPO_DELAY, "delay: needs sch_netem, which is not there");
	assert_int_equal(set(s, "a-b", "delay=1ms", "delay=1ms"), -EOPNOTSUPP);
	assert_string_equal(s->err.text, "delay: needs sch_netem, which is not there");
	assert_int_equal(set(s, "a-b", NULL, "delay=1ms"), -EOPNOTSUPP);
	assert_string_equal(s->err.text, "b to a: delay: needs sch_netem, which is not there");
	assert_int_equal(set(s, "a-b", "backend=kmod", NULL), -EOPNOTSUPP);
	assert_int_equal(topo_shape_parse(&spec.shape[1], "delay", "1ms", NULL), 0);
	assert_int_equal(ctl_link_add(s->w.ctl, &spec, world_ended, &s->ending, NULL, &s->err),
			 -EOPNOTSUPP);
	assert_string_equal(s->err.text, "c to a: delay: needs sch_netem, which is not there");
	assert_int_equal(s->w.model->link_count, 2);
	assert_shapes(s, "a-b", "", "");
	must_set(s, "a-b", "loss=2%", NULL); /* the rest goes on */
	assert_shapes(s, "a-b", "loss=2%", "");
	assert_shapes(s, "b-c", "loss=1%", "loss=1%");
}

/* Another machine, or a kernel without a module: what a link has may not be possible any more, but
 * it can still be changed to what is. */
static void a_direction_that_is_not_changed_is_not_judged(void **state)
{
	struct shaped *s = *state;

	triangle(s);
	must_set(s, "a-b", "delay=1ms", "delay=1ms");
	fake_refuse_shapes(s->w.host, TOPO_DELAY, "delay: needs sch_netem, which is not there");
	must_set(s, "a-b", "delay=none loss=1%", NULL);
	assert_shapes(s, "a-b", "loss=1%", "delay=1ms");
	world_set(&s->w, "a-b", 7, true, MODEL_DOWN);
	assert_shapes(s, "a-b", "loss=1%", "delay=1ms");
}

static void a_file_is_refused_before_anything_is_changed(void **state)
{
	struct shaped *s = *state;
	struct topo_doc *doc = world_grid(2, 2), *other = world_grid(2, 3);
	char *before, *after;
	struct ctl_diff diff;
	struct fake_counts counts;

	assert_int_equal(topo_shape_parse(&doc->links[0].shape[0], "loss", "1%", NULL), 0);
	world_apply(&s->w, doc);
	before = world_picture(&s->w);
	counts = world_counts(&s->w);
	fake_refuse_shapes(s->w.host, TOPO_RATE, "rate: needs sch_tbf, which is not there");
	assert_int_equal(topo_shape_parse(&other->links[3].shape[1], "rate", "1mbit", NULL), 0);
	assert_int_equal(
		ctl_topology_apply(s->w.ctl, other, 0, 0, world_ended, &s->ending, NULL, &s->err),
		-EOPNOTSUPP);
	assert_string_equal(s->err.text, "links[3] (r0-1-r1-1), r1-1 to r0-1: rate: needs sch_tbf, "
					 "which is not there");
	assert_int_equal(ctl_topology_apply(s->w.ctl, other, CTL_APPLY_REPLACE, 0, world_ended,
					    &s->ending, NULL, &s->err),
			 -EOPNOTSUPP);
	s->err = (struct err){0};
	assert_int_equal(ctl_topology_diff(s->w.ctl, other, &diff, &s->err), -EOPNOTSUPP);
	assert_non_null(strstr(s->err.text, "links[3] (r0-1-r1-1)"));
	world_settle(&s->w, 3);
	after = world_picture(&s->w);
	assert_string_equal(before, after);
	assert_int_equal(world_counts(&s->w).batches, counts.batches);
	assert_shapes(s, "r0-0-r0-1", "loss=1%", "");
	free(before);
	free(after);
	topo_doc_free(doc);
	topo_doc_free(other);
}

static void a_change_that_the_machine_fails_at_is_taken_back(void **state)
{
	struct shaped *s = *state;

	triangle(s);
	must_set(s, "a-b", "delay=20ms", "loss=1%");
	fake_fail_item(s->w.host, 0, EIO);
	assert_int_equal(set(s, "a-b", "delay=30ms rate=1mbit", "loss=none"), 0);
	world_wait(&s->w, &s->ending);
	assert_int_equal(s->ending.op.state, CTL_OP_FAILED);
	assert_shapes(s, "a-b", "delay=20ms", "loss=1%");
}

/* By the time of its turn another change may have taken away what it goes with. */
static void a_change_is_judged_again_at_its_turn(void **state)
{
	struct shaped *s = *state;
	struct ending first;

	triangle(s);
	must_set(s, "a-b", "delay=20ms", NULL);
	assert_int_equal(set(s, "a-b", "delay=none", NULL), 0);
	assert_int_equal(s->ending.calls, 0);
	memset(&first, 0, sizeof(first));
	{
		struct ctl_link_change change = {0};

		put(&change, 0, "jitter=1ms");
		assert_int_equal(
			ctl_link_set(s->w.ctl, "a-b", &change, world_ended, &first, NULL, &s->err),
			0);
	}
	world_wait(&s->w, &first);
	assert_int_equal(first.op.state, CTL_OP_FAILED);
	assert_int_equal(first.op.err.code, EINVAL);
	assert_string_equal(first.op.err.text,
			    "a to b: jitter: 1ms, but there is no delay to vary");
	assert_shapes(s, "a-b", "", "");
}

static void what_emulates_is_told_for_what_is_shaped(void **state)
{
	struct shaped *s = *state;
	struct topo_shape shape = {0};
	char backends[HOST_BACKENDS_SIZE];

	fake_say_backends(s->w.host, "bpf, relay");
	ctl_backends(s->w.ctl, &shape, backends);
	assert_string_equal(backends, "");
	assert_int_equal(topo_shape_parse(&shape, "delay", "1ms", NULL), 0);
	ctl_backends(s->w.ctl, &shape, backends);
	assert_string_equal(backends, "bpf, relay");
	fake_refuse_shapes(s->w.host, TOPO_DELAY, "delay: no");
	ctl_backends(s->w.ctl, &shape, backends);
	assert_string_equal(backends, "");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_is_named_changes),
		TEST(a_shape_alone_is_done_at_once),
		TEST(what_would_make_no_sense_is_refused_and_changes_nothing),
		TEST(what_the_machine_cannot_emulate_is_refused),
		TEST(a_direction_that_is_not_changed_is_not_judged),
		TEST(a_file_is_refused_before_anything_is_changed),
		TEST(a_change_that_the_machine_fails_at_is_taken_back),
		TEST(a_change_is_judged_again_at_its_turn),
		TEST(what_emulates_is_told_for_what_is_shaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
