// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applications through random requests, failures, losses and kills of the daemon: what was
 * acknowledged is there afterwards and nothing else, and machine, model and store agree.
 */
#include "daemon/ctl/keep.h"
#include "tests/unit/daemon/ctl/app_world.h"
#include "tests/unit/daemon/ctl/kept.h"

#define SEEDS	40
#define ROUNDS	60
#define ROUTERS 3
#define APPS	4 /* names of each router */

enum origin { NONE, BY_HAND, BY_FILE };

struct ref {
	bool router[ROUTERS];
	enum origin app[ROUTERS][APPS];
	int version[ROUTERS][APPS]; /* of its arguments */
};

enum what { START, STOP, STOP_ALL, RESTART, ADD_R, DEL_R, APPLY, REPLACE, RECONCILE, KINDS };

struct request {
	enum what what;
	int router, app, version;
	bool replaces; /* START: one of its name has ended, and goes first */
	struct ref doc;
};

struct run {
	struct kept_world k;
	struct ref acked;
	unsigned steps; /* calls of the store until the daemon is killed; 0: it is not */
	bool dead;
	unsigned kills, done, failed, unheard;
};

static unsigned below(unsigned n)
{
	return (unsigned)random() % n;
}

static bool gate(void *arg)
{
	struct run *r = arg;

	if (!r->dead && r->steps && --r->steps == 0)
		r->dead = true;
	return !r->dead;
}

static void ref_of(const struct model *model, struct ref *ref)
{
	struct list *pos, *at;
	int i, a;

	memset(ref, 0, sizeof(*ref));
	list_for_each (pos, &model->routers) {
		const struct model_router *router = list_entry(pos, struct model_router, all);

		assert_int_equal(sscanf(router->name, "r%d", &i), 1);
		ref->router[i] = true;
		list_for_each (at, &router->apps) {
			const struct model_app *app = list_entry(at, struct model_app, of_router);

			assert_false(app->going);
			assert_int_equal(sscanf(app->app->name, "a%d", &a), 1);
			assert_int_equal(ref->app[i][a], NONE);
			ref->app[i][a] = app->by_topology ? BY_FILE : BY_HAND;
			ref->version[i][a] = atoi(app->app->args[0]);
		}
	}
}

static void ref_apply(struct ref *ref, const struct ref *doc, bool replace)
{
	struct ref was = *ref;

	*ref = *doc;
	for (int i = 0; i < ROUTERS; i++) {
		for (int a = 0; a < APPS; a++) {
			bool same = was.app[i][a] && doc->app[i][a] &&
				    was.version[i][a] == doc->version[i][a];

			if (replace || !doc->router[i] || was.app[i][a] != BY_HAND)
				continue;
			if (!doc->app[i][a] || same) {
				ref->app[i][a] = BY_HAND;
				ref->version[i][a] = was.version[i][a];
			}
		}
	}
}

/* Given that it was done. */
static void ref_do(struct ref *ref, const struct request *q)
{
	switch (q->what) {
	case START:
		ref->app[q->router][q->app] = BY_HAND;
		ref->version[q->router][q->app] = q->version;
		break;
	case STOP:
		ref->app[q->router][q->app] = NONE;
		ref->version[q->router][q->app] = 0;
		break;
	case STOP_ALL:
	case DEL_R:
		memset(ref->app[q->router], 0, sizeof(ref->app[0]));
		memset(ref->version[q->router], 0, sizeof(ref->version[0]));
		ref->router[q->router] = q->what == STOP_ALL;
		break;
	case ADD_R:
		ref->router[q->router] = true;
		break;
	case APPLY:
	case REPLACE:
		ref_apply(ref, &q->doc, q->what == REPLACE);
		break;
	default:
		break;
	}
}

static void app_text(char *text, size_t size, int app, int version)
{
	static const char *const restart[] = {"never", "on-failure", "always"};

	snprintf(text, size, "{run: /bin/x, name: a%d, args: [\"%d\"], restart: %s%s}", app,
		 version, restart[version % 3], version == 4 ? ", ready: exit" : "");
}

static struct topo_doc *doc_of(const struct ref *ref)
{
	struct topo_doc *doc = topo_doc_new();
	char name[20], text[APPS][100];
	const char *texts[APPS];

	for (int i = 0; i < ROUTERS; i++) {
		int count = 0;

		if (!ref->router[i])
			continue;
		snprintf(name, sizeof(name), "r%d", i);
		assert_non_null(topo_doc_add_router(doc, name));
		for (int n = 0, from = (int)below(APPS); n < APPS; n++) {
			int a = (from + n) % APPS;

			if (!ref->app[i][a])
				continue;
			app_text(text[count], sizeof(text[0]), a, ref->version[i][a]);
			texts[count] = text[count];
			count++;
		}
		doc_apps(doc, doc->router_count - 1, count, texts);
	}
	return doc;
}

static void random_request(struct request *q)
{
	memset(q, 0, sizeof(*q));
	q->what = below(2) ? START : (enum what)below(KINDS);
	q->router = (int)below(ROUTERS);
	q->app = (int)below(APPS);
	q->version = 1 + (int)below(4);
	for (int i = 0; i < ROUTERS; i++) {
		q->doc.router[i] = below(5) > 0;
		for (int a = 0; q->doc.router[i] && a < APPS; a++) {
			if (below(2))
				continue;
			q->doc.app[i][a] = BY_FILE;
			q->doc.version[i][a] = 1 + (int)below(4);
		}
	}
}

static int ask(struct run *r, const struct request *q, struct ending *ending)
{
	struct ctl *ctl = r->k.w.ctl;
	char router[20], app[20], text[100];
	struct ctl_router_spec spec = {.name = router};
	struct topo_app *wanted;
	struct topo_doc *doc;
	struct err err = {0};
	int ret;

	snprintf(router, sizeof(router), "r%d", q->router);
	snprintf(app, sizeof(app), "a%d", q->app);
	switch (q->what) {
	case START:
		app_text(text, sizeof(text), q->app, q->version);
		wanted = app_of(text);
		ret = ctl_app_start(ctl, router, wanted, NULL, world_ended, ending, NULL, &err);
		topo_app_unref(wanted);
		return ret;
	case STOP:
		return ctl_app_stop(ctl, router, app, NULL, world_ended, ending, NULL, &err);
	case STOP_ALL:
		return ctl_app_stop(ctl, router, NULL, NULL, world_ended, ending, NULL, &err);
	case RESTART:
		return ctl_app_restart(ctl, router, app, NULL, world_ended, ending, NULL, &err);
	case ADD_R:
		return ctl_router_add(ctl, &spec, world_ended, ending, NULL, &err);
	case DEL_R:
		return ctl_router_delete(ctl, router, world_ended, ending, NULL, &err);
	case APPLY:
	case REPLACE:
		doc = doc_of(&q->doc);
		ret = ctl_topology_apply(ctl, doc, q->what == REPLACE ? CTL_APPLY_REPLACE : 0, 5000,
					 world_ended, ending, NULL, &err);
		topo_doc_free(doc);
		return ret;
	default:
		return ctl_topology_reconcile(ctl, false, world_ended, ending, NULL, &err);
	}
}

/* --- what must be so ------------------------------------------------------------------------- */

static void wait_until_quiet(struct run *r)
{
	struct model *model = r->k.w.model;
	struct err err;

	for (bool quiet = false; !quiet;) {
		struct list *pos;

		world_settle(&r->k.w, 2);
		quiet = true;
		list_for_each (pos, &model->apps) {
			const struct model_app *app = list_entry(pos, struct model_app, all);

			quiet = quiet && !app->going && !app->restored &&
				app->state.phase >= MODEL_APP_RUNNING &&
				app->state.phase != MODEL_APP_STOPPING;
		}
		if (!quiet)
			assert_true(loop_once(r->k.w.loop, 1000) >= 0);
	}
	/* What is written soon need not be waited for. */
	assert_int_equal(keep_apps(r->k.w.ctl, &err), 0);
}

/* Machine, model and store have the same, in the same state. */
static void assert_agreed(struct run *r)
{
	const struct store_content *kept = &r->k.store.kept;
	struct model *model = r->k.w.model;
	uint32_t known = 0;
	struct list *pos;

	assert_int_equal(kept->app_count, model->app_count);
	list_for_each (pos, &model->apps) {
		const struct model_app *app = list_entry(pos, struct model_app, all);
		long at = fake_store_app(&r->k.store, app->id);
		int values = ctl_app_values(r->k.w.ctl, app, NULL, 0);

		assert_true(at >= 0);
		assert_int_equal(kept->apps[at].router_id, app->router->id);
		assert_int_equal(kept->apps[at].by_topology, app->by_topology);
		assert_int_equal(kept->apps[at].place, app->place);
		assert_int_equal(kept->apps[at].state.phase,
				 model_app_over(app) ? app->state.phase : MODEL_APP_WANTED);
		if (!model_app_over(app))
			assert_true(values >= 0);
		known += values >= 0;
	}
	assert_int_equal(fake_apps_count(r->k.w.host), known);
}

static void gone(struct ref *ref, const struct request *q)
{
	ref->app[q->router][q->app] = NONE;
	ref->version[q->router][q->app] = 0;
}

static void judge(struct run *r, const struct request *unheard)
{
	struct ref now, wanted = r->acked;

	r->k.store.fault = STORE_WELL;
	wait_until_quiet(r);
	assert_agreed(r);
	ref_of(r->k.w.model, &now);
	if (unheard && unheard->replaces)
		gone(&wanted, unheard);
	if (unheard && memcmp(&now, &r->acked, sizeof(now)) == 0) {
		wanted = r->acked;
	} else if (unheard && memcmp(&now, &wanted, sizeof(now)) != 0) {
		ref_do(&wanted, unheard);
		r->unheard++;
	}
	assert_memory_equal(&now, &wanted, sizeof(now));
	r->acked = wanted;
}

/* --- what happens ------------------------------------------------------------------------------
 */

static void trouble(struct run *r)
{
	struct host *host = r->k.w.host;
	struct model *model = r->k.w.model;
	struct list *pos;

	switch (below(8)) {
	case 0:
		fake_app_refuse(host, below(3), EACCES, "refused");
		break;
	case 1:
		fake_app_fail(host, below(3), "failed");
		break;
	case 2:
		fake_apps_lose(host);
		break;
	case 3:
		r->k.store.fault = STORE_FULL;
		r->k.store.fault_in = below(3);
		break;
	case 4:
	case 5:
		list_for_each (pos, &model->apps) {
			const struct model_app *app = list_entry(pos, struct model_app, all);
			struct host_app_state ended = {.phase = HOST_APP_ENDED,
						       .status = (int)below(2) * 256};

			if (app->state.phase == MODEL_APP_RUNNING && below(3) == 0)
				fake_app_become(host, app->id, &ended);
		}
		break;
	default:
		break;
	}
}

static void kill_and_start(struct run *r)
{
	const struct store_content *kept = &r->k.store.kept;
	struct recovered recovered;

	r->dead = true;
	end(&r->k, true);
	if (below(3) == 0 && kept->router_count)
		fake_lose_router(r->k.machine,
				 kept->routers[below((unsigned)kept->router_count)].slot);
	r->dead = false;
	r->steps = 0;
	r->k.store.fault = STORE_WELL;
	r->k.store.store.stale = false;
	boot(&r->k);
	recover(&r->k, &recovered);
	assert_int_equal(recovered.err.code, 0);
	r->kills++;
}

/* false: nobody heard of its end. */
static bool heard(struct run *r, const struct request *q, const struct ending *ending)
{
	if (!ending->calls || r->dead)
		return false;
	if (ending->op.state == CTL_DONE ||
	    (q->what != START &&
	     strncmp(ending->op.err.text, "application ", 12) == 0)) { /* what it was for is so */
		ref_do(&r->acked, q);
		r->done++;
	} else {
		if (q->replaces && ending->op.err.code != EDQUOT && ending->op.err.code != EROFS)
			gone(&r->acked, q);
		r->failed++;
	}
	return true;
}

static bool has_ended(const struct run *r, const struct request *q)
{
	const struct model_router *router;
	const struct model_app *app;
	char name[20];

	snprintf(name, sizeof(name), "r%d", q->router);
	router = model_router_by_name(r->k.w.model, name);
	snprintf(name, sizeof(name), "a%d", q->app);
	app = router ? model_app_by_name(router, name) : NULL;
	return app && model_app_over(app);
}

/* What would differ may be asked for at any time. */
static void look(struct run *r)
{
	struct ctl_diff diff;
	struct topo_doc *doc;
	struct request q;
	struct err err;

	random_request(&q);
	doc = doc_of(&q.doc);
	if (ctl_topology_diff(r->k.w.ctl, doc, &diff, &err) == 0)
		ctl_diff_free(&diff);
	topo_doc_free(doc);
}

static void round_of(struct run *r)
{
	bool kill = below(3) == 0;
	unsigned rounds = below(40);
	struct ending ending = {0};
	struct request q;

	random_request(&q);
	q.replaces = q.what == START && has_ended(r, &q);
	if (kill && below(2))
		r->steps = 1 + below(6);
	trouble(r);
	if (ask(r, &q, &ending) < 0) {
		world_settle(&r->k.w, (int)below(3));
		if (kill)
			kill_and_start(r);
		judge(r, NULL);
		return;
	}
	while (!ending.calls && !r->dead && (!kill || r->steps || rounds--)) {
		if (below(4) == 0)
			look(r);
		assert_true(loop_once(r->k.w.loop, 1000) >= 0);
	}
	fake_app_refuse(r->k.w.host, 0, 0, "");
	fake_app_fail(r->k.w.host, 0, "");
	if (heard(r, &q, &ending)) {
		if (kill)
			kill_and_start(r);
		r->steps = 0;
		judge(r, NULL);
		return;
	}
	kill_and_start(r);
	judge(r, &q);
}

static void what_was_acknowledged_is_there_and_all_agree(void **state)
{
	unsigned kills = 0, done = 0, failed = 0, unheard = 0;

	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		struct run r = {.k.machine = fake_machine_new()};
		struct recovered recovered;

		srandom(seed);
		fake_store_init(&r.k.store);
		r.k.store.gate = gate;
		r.k.store.gate_arg = &r;
		boot(&r.k);
		recover(&r.k, &recovered);
		for (int i = 0; i < ROUNDS; i++)
			round_of(&r);
		end(&r.k, false);
		fake_machine_free(r.k.machine);
		fake_store_done(&r.k.store);
		kills += r.kills;
		done += r.done;
		failed += r.failed;
		unheard += r.unheard;
	}
	print_message("%u kills, %u done, %u failed, %u done and not heard of\n", kills, done,
		      failed, unheard);
	assert_true(kills > 500 && done > 500 && failed > 50 && unheard > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_acknowledged_is_there_and_all_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
