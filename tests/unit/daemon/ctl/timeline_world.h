/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events in a test: what has happened, line by line, and shorthands. */
#ifndef VLSP_TESTS_UNIT_DAEMON_CTL_TIMELINE_WORLD_H
#define VLSP_TESTS_UNIT_DAEMON_CTL_TIMELINE_WORLD_H

#include "daemon/ctl/timeline.h"
#include "tests/unit/daemon/ctl/world.h"

#define SPEED 100

struct events {
	struct world w;
	char seen[4000]; /* a line for each firing that has ended */
	size_t size;
	unsigned count, failed;
	struct ctl_firing last;
	void (*look)(struct events *e, unsigned n); /* at each, while nothing else can happen */
};

static inline const struct model_link *link_of(const struct events *e, const char *ref)
{
	const struct model_link *link = model_link_find(e->w.model, ref);

	assert_non_null(link);
	return link;
}

static inline void saw(void *arg, const struct ctl_firing *firing)
{
	struct events *e = arg;

	e->size += (size_t)snprintf(e->seen + e->size, sizeof(e->seen) - e->size, "%s%s %s %llu\n",
				    firing->undo ? "-" : "", topo_action_name(firing->action),
				    firing->object,
				    (unsigned long long)firing->planned_ns / 1000000);
	assert_true(e->size < sizeof(e->seen));
	e->count++;
	e->failed += firing->outcome == CTL_EVENT_FAILED;
	e->last = *firing;
	if (e->look)
		e->look(e, e->count);
	assert_true(firing->actual_ns >= firing->planned_ns);
	assert_true(firing->ended_ns >= firing->actual_ns || firing->outcome == CTL_EVENT_FAILED);
}

static inline int setup(void **state)
{
	struct events *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	world_open(&e->w);
	ctl_event_watch(e->w.ctl, saw, e);
	*state = e;
	return 0;
}

static inline int teardown(void **state)
{
	struct events *e = *state;

	world_close(&e->w);
	free(e);
	return 0;
}

static inline struct topo_doc *doc_of(const char *text)
{
	struct topo_doc *doc = NULL;
	struct err err = {0};

	if (topo_read(text, strlen(text), "net", &doc, &err) < 0)
		fail_msg("%s", err.text);
	return doc;
}

#define NET                                                                                        \
	"routers: [r1, r2, r3]\n"                                                                  \
	"links: [{a: r1, b: r2, delay: 5ms}, {a: r2, b: r3, name: backup}, r1:r3]\n"

static inline void apply(struct events *e, const char *text, unsigned flags)
{
	struct topo_doc *doc = doc_of(text);
	struct ctl_op op = world_apply_flags(&e->w, doc, flags);

	topo_doc_free(doc);
	if (op.state != CTL_DONE)
		fail_msg("%s", op.err.text);
}

static inline void run(struct events *e)
{
	struct ctl_event_options options = {.speed = SPEED};
	struct err err = {0};

	if (ctl_event_run(e->w.ctl, NULL, "net", &options, &err) < 0)
		fail_msg("%s", err.text);
}

static inline const char *state_of(struct events *e)
{
	struct ctl_event_status status;

	ctl_event_status(e->w.ctl, &status);
	return status.state;
}

/* Until so many firings have ended. */
static inline void wait_for(struct events *e, unsigned count)
{
	for (int rounds = 0; e->count < count; rounds++) {
		assert_true(loop_once(e->w.loop, 5000) >= 0);
		assert_true(rounds < 100000);
	}
}

static inline void wait_done(struct events *e)
{
	for (int rounds = 0; strcmp(state_of(e), "running") == 0; rounds++) {
		assert_true(loop_once(e->w.loop, 5000) >= 0);
		assert_true(rounds < 100000);
	}
	world_settle(&e->w, 5);
}

#endif
