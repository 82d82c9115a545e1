/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon is killed at every step of random operations: before and after each item of a batch,
 * each call of the store, each answer; also while it recovers. Whatever it was at: after the next
 * start the network is what was acknowledged, the machine has just that, and nothing is left to
 * do. "Killed" means that nothing it does from then on has any effect: the machine refuses, the
 * store refuses, answers are not heard; what is left of it is thrown away.
 */
#include "daemon/ctl/reconcile.h"
#include "tests/unit/daemon/ctl/fake_store.h"

#define SEEDS	100
#define ROUNDS	50
#define ROUTERS 7
#define LINKS	9

/* What operations mean, computed without the controller. */
struct ref {
	bool router[ROUTERS];
	uint32_t pids[ROUTERS]; /* limit */
	struct ref_link {
		bool there;
		int a, b; /* a < b */
		uint32_t weight;
		enum model_admin admin;
	} link[LINKS];
	int name; /* of the topology: net1 .. net3; 0: none */
};

enum what { ADD_R, DEL_R, SET_R, ADD_L, DEL_L, SET_L, APPLY, CLEAR, RECONCILE, KINDS };

struct request {
	enum what what;
	int at;
	struct ref_link link;
	bool set_admin;
	uint32_t pids;
	struct ref doc;
};

struct daemon {
	struct world w;
	struct fake_machine *machine;
	struct fake_store store;
	uint64_t steps; /* until it is killed; 0: it is not */
	bool dead;
	struct ref acked;	     /* what the network is, as far as anybody was told */
	char *picture;		     /* then */
	uint32_t router_id, link_id; /* the highest that anybody was told of */
	bool doubt;		     /* the last that was told: what is kept may differ, ... */
	unsigned wholes;	     /* ... until the next commit of everything: the so manieth */
	unsigned crashes, full, none, failed;
};

static bool is_router(enum what what)
{
	return what == ADD_R || what == DEL_R || what == SET_R;
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)random() % n;
}

static bool gate(void *arg)
{
	struct daemon *d = arg;

	if (!d->dead && d->steps && --d->steps == 0)
		d->dead = true;
	return !d->dead;
}

/* Everything but states: what was acknowledged is what was wanted. */
static char *picture(const struct world *w)
{
	char *text = world_picture(w), *from = text, *to = text;

	while (*from) {
		if (strncmp(from, " state ", 7) == 0)
			from += 8;
		else
			*to++ = *from++;
	}
	*to = '\0';
	return text;
}

static void ref_of(const struct model *model, struct ref *ref)
{
	struct list *pos;
	int i, a, b;

	memset(ref, 0, sizeof(*ref));
	if (model->name[0])
		assert_int_equal(sscanf(model->name, "net%d", &ref->name), 1);
	list_for_each (pos, &model->routers) {
		assert_int_equal(sscanf(list_entry(pos, struct model_router, all)->name, "r%d", &i),
				 1);
		ref->router[i] = true;
		ref->pids[i] = list_entry(pos, struct model_router, all)->limits.pids;
	}
	list_for_each (pos, &model->links) {
		const struct model_link *link = list_entry(pos, struct model_link, all);

		assert_int_equal(sscanf(link->name, "l%d", &i), 1);
		assert_int_equal(sscanf(link->end[0].router->name, "r%d", &a), 1);
		assert_int_equal(sscanf(link->end[1].router->name, "r%d", &b), 1);
		ref->link[i].there = true;
		ref->link[i].a = a < b ? a : b;
		ref->link[i].b = a < b ? b : a;
		ref->link[i].weight = link->weight;
		ref->link[i].admin = link->admin;
	}
}

static void ref_clear_router(struct ref *ref, int at)
{
	int i;

	ref->router[at] = false;
	ref->pids[at] = 0;
	for (i = 0; i < LINKS; i++) {
		if (ref->link[i].there && (ref->link[i].a == at || ref->link[i].b == at))
			memset(&ref->link[i], 0, sizeof(ref->link[i]));
	}
}

/* What the request makes of ref, given that it succeeds. */
static void ref_do(struct ref *ref, const struct request *request)
{
	struct ref was = *ref;
	int i;

	switch (request->what) {
	case ADD_R:
		ref->router[request->at] = true;
		break;
	case SET_R:
		ref->pids[request->at] = request->pids;
		break;
	case DEL_R:
		ref_clear_router(ref, request->at);
		break;
	case ADD_L:
		ref->link[request->at] = request->link;
		break;
	case DEL_L:
		memset(&ref->link[request->at], 0, sizeof(ref->link[0]));
		break;
	case SET_L:
		ref->link[request->at].weight = request->link.weight;
		if (request->set_admin)
			ref->link[request->at].admin = request->link.admin;
		break;
	case APPLY:
		*ref = request->doc;
		for (i = 0; i < LINKS; i++) {
			if (ref->link[i].there && was.link[i].there &&
			    ref->link[i].a == was.link[i].a && ref->link[i].b == was.link[i].b)
				ref->link[i].admin = was.link[i].admin;
		}
		break;
	case CLEAR:
		memset(ref, 0, sizeof(*ref));
		break;
	default:
		break;
	}
}

static void random_link(struct ref_link *link)
{
	memset(link, 0, sizeof(*link));
	link->there = true;
	link->a = (int)below(ROUTERS - 1);
	link->b = link->a + 1 + (int)below((uint32_t)(ROUTERS - 1 - link->a));
	link->weight = 1 + below(4);
}

static void random_request(struct request *request)
{
	int i;

	memset(request, 0, sizeof(*request));
	request->what = below(3) ? (enum what)below(KINDS) : APPLY;
	request->at = (int)below(is_router(request->what) ? ROUTERS : LINKS);
	random_link(&request->link);
	request->set_admin = below(2);
	request->pids = 10 + below(3);
	if (request->what == SET_L)
		request->link.admin = (enum model_admin)below(3);
	request->doc.name = 1 + (int)below(3);
	for (i = 0; i < ROUTERS; i++)
		request->doc.router[i] = below(4);
	for (i = 0; i < ROUTERS; i++)
		request->doc.pids[i] = request->doc.router[i] && !below(3) ? 10 : 0;
	for (i = 0; i < LINKS; i++) {
		struct ref_link *link = &request->doc.link[i];

		random_link(link);
		if (!below(3) || !request->doc.router[link->a] || !request->doc.router[link->b])
			memset(link, 0, sizeof(*link));
	}
}

static struct topo_doc *doc_of(const struct ref *ref)
{
	struct topo_doc *doc = topo_doc_new();
	struct topo_router *router;
	char name[NAME_SIZE];
	int i;

	assert_non_null(doc);
	snprintf(doc->name, sizeof(doc->name), "net%d", ref->name);
	for (i = 0; i < ROUTERS; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		if (!ref->router[i])
			continue;
		router = topo_doc_add_router(doc, name);
		assert_non_null(router);
		router->limits.pids = ref->pids[i];
	}
	for (i = 0; i < LINKS; i++) {
		struct topo_link *link;
		char a[NAME_SIZE], b[NAME_SIZE];

		if (!ref->link[i].there)
			continue;
		snprintf(a, sizeof(a), "r%d", ref->link[i].a);
		snprintf(b, sizeof(b), "r%d", ref->link[i].b);
		link = topo_doc_add_link(doc, (uint32_t)topo_doc_find_router(doc, a),
					 (uint32_t)topo_doc_find_router(doc, b));
		assert_non_null(link);
		link->named = true;
		snprintf(link->name, sizeof(link->name), "l%d", i);
		link->weight = ref->link[i].weight;
	}
	return doc;
}

struct answer {
	struct daemon *d;
	const struct request *request;
	struct ending ending;
	bool heard;
};

/* What anybody was told is so from now on. */
static void told(struct daemon *d, const struct request *request, const struct ctl_op *op)
{
	const struct model_router *router = NULL;
	const struct model_link *link = NULL;
	struct ref now;

	ref_of(d->w.model, &now);
	if (strstr(op->err.text, "what is kept may differ")) {
		d->doubt = true;
		d->wholes = d->store.wholes;
	}
	if (op->state == CTL_DONE)
		ref_do(&d->acked, request);
	else if (strstr(op->err.text, "not as before"))
		d->acked = now; /* the only way out of it */
	assert_memory_equal(&now, &d->acked, sizeof(now));
	free(d->picture);
	d->picture = picture(&d->w);
	if (!list_empty(&d->w.model->routers))
		router = list_entry(d->w.model->routers.prev, struct model_router, all);
	if (!list_empty(&d->w.model->links))
		link = list_entry(d->w.model->links.prev, struct model_link, all);
	if (router && router->id > d->router_id)
		d->router_id = router->id;
	if (link && link->id > d->link_id)
		d->link_id = link->id;
}

static void answered(void *arg, const struct ctl_op *op)
{
	struct answer *answer = arg;

	world_ended(&answer->ending, op);
	answer->heard = gate(answer->d);
	if (!answer->heard)
		return;
	if (op->state == CTL_OP_FAILED) {
		char *now = picture(&answer->d->w);

		answer->d->failed++;
		if (!strstr(op->err.text, "not as before"))
			assert_string_equal(now, answer->d->picture);
		free(now);
	}
	told(answer->d, answer->request, op);
	/* Also the machine's restart of a daemon right behind the answer. */
	gate(answer->d);
}

/* 0, or it was refused at once. */
static int submit(struct daemon *d, const struct request *request, struct answer *answer)
{
	char a[NAME_SIZE], b[NAME_SIZE], name[NAME_SIZE];
	struct ctl_router_spec router = {.name = name};
	struct ctl_link_spec link = {
		.router1 = a, .router2 = b, .name = name, .weight = request->link.weight};
	struct ctl_link_change change = {.weight = request->link.weight,
					 .set_admin = request->set_admin,
					 .admin = request->link.admin};
	struct ctl_router_change limits = {.set_pids = true, .limits.pids = request->pids};
	struct ctl *ctl = d->w.ctl;
	struct err err = {0};
	struct topo_doc *doc;
	int ret = 0;

	*answer = (struct answer){.d = d, .request = request};
	snprintf(a, sizeof(a), "r%d", request->link.a);
	snprintf(b, sizeof(b), "r%d", request->link.b);
	snprintf(name, sizeof(name), "%c%d", is_router(request->what) ? 'r' : 'l', request->at);
	switch (request->what) {
	case ADD_R:
		ret = ctl_router_add(ctl, &router, answered, answer, NULL, &err);
		break;
	case SET_R:
		ret = ctl_router_set(ctl, name, &limits, answered, answer, NULL, &err);
		break;
	case DEL_R:
		ret = ctl_router_delete(ctl, name, answered, answer, NULL, &err);
		break;
	case ADD_L:
		ret = ctl_link_add(ctl, &link, answered, answer, NULL, &err);
		break;
	case DEL_L:
		ret = ctl_link_delete(ctl, name, answered, answer, NULL, &err);
		break;
	case SET_L:
		ret = ctl_link_set(ctl, name, &change, answered, answer, NULL, &err);
		break;
	case APPLY:
		doc = doc_of(&request->doc);
		ret = ctl_topology_apply(ctl, doc, 0, 5000, answered, answer, NULL, &err);
		topo_doc_free(doc);
		break;
	case CLEAR:
		ret = ctl_topology_delete(ctl, answered, answer, NULL, &err);
		break;
	default:
		ret = ctl_topology_reconcile(ctl, below(2), answered, answer, NULL, &err);
		break;
	}
	return ret;
}

static void boot(struct daemon *d)
{
	struct fake_config fake = {.batch_ns = 1, .report_ns = 1, .restart_ns = 1};
	struct ctl_config config = {.host_name = "test"};
	struct world *w = &d->w;
	struct err err = {0};

	d->dead = false;
	assert_int_equal(loop_new(&w->loop), 0);
	assert_int_equal(model_new(&w->model), 0);
	if (store_restore(&d->store.kept, w->model, &err) < 0)
		fail_msg("%s", err.text);
	fake.loop = config.loop = w->loop;
	fake.machine = d->machine;
	assert_int_equal(fake_new(&fake, &w->host), 0);
	fake_gate(w->host, gate, d);
	d->store.gate = gate;
	d->store.gate_arg = d;
	d->store.store.trouble[0] = '\0';
	d->store.store.stale = false;
	d->store.fault = STORE_WELL;
	config.model = w->model;
	config.host = w->host;
	config.store = &d->store.store;
	config.content = &d->store.kept;
	assert_int_equal(ctl_new(&config, &w->ctl), 0);
}

static void bury(struct daemon *d)
{
	struct world *w = &d->w;

	w->host->ops->close(w->host, true);
	ctl_free(w->ctl);
	model_free(w->model);
	loop_free(w->loop);
}

struct recovered {
	int calls, status;
	struct ctl_reconcile result;
	struct err err;
};

static void on_recovered(void *arg, int status, const struct ctl_reconcile *result,
			 const struct err *err)
{
	struct recovered *recovered = arg;

	recovered->calls++;
	recovered->status = status;
	recovered->result = *result;
	recovered->err = *err;
}

/* Starts it, as often as it takes. */
static void start(struct daemon *d, uint64_t steps)
{
	struct recovered recovered;
	struct err err = {0};

	for (;;) {
		memset(&recovered, 0, sizeof(recovered));
		d->steps = steps;
		boot(d);
		if (ctl_recover(d->w.ctl, on_recovered, &recovered, &err) < 0)
			fail_msg("%s", err.text);
		while (!recovered.calls)
			assert_true(loop_once(d->w.loop, 1000) >= 0);
		assert_int_equal(recovered.calls, 1);
		if (!d->dead)
			break;
		bury(d);
		steps = 0;
	}
	if (recovered.status < 0 || recovered.err.code)
		fail_msg("recovery: %s", recovered.err.text);
}

static void nothing_to_do(struct daemon *d)
{
	struct ending ending = {0};
	const struct ctl_op *op;
	struct err err = {0};

	assert_int_equal(ctl_topology_reconcile(d->w.ctl, true, world_ended, &ending, NULL, &err),
			 0);
	world_wait(&d->w, &ending);
	op = ctl_op_by_id(d->w.ctl, ending.op.id);
	assert_int_equal(op->state, CTL_DONE);
	if (!op->reconcile->nothing)
		fail_msg("to do: %s", op->reconcile->example);
}

/* It came back: the network is what was acknowledged, or that and what nobody had an answer to. */
static void judge(struct daemon *d, const struct request *unheard, bool half)
{
	char *now = picture(&d->w);
	uint32_t router_id, link_id;
	struct ref ref, wanted;

	ref_of(d->w.model, &ref);
	if (d->doubt && d->store.wholes == d->wholes) {
		free(d->picture);
		d->picture = picture(&d->w);
		d->acked = ref;
	}
	d->doubt = false;
	if (!unheard || memcmp(&ref, &d->acked, sizeof(ref)) == 0) {
		assert_string_equal(now, d->picture);
		assert_memory_equal(&ref, &d->acked, sizeof(ref));
		d->none++;
	} else if (half) {
		d->acked = ref; /* the undo failed, too: what the machine had was kept */
	} else {
		wanted = d->acked;
		ref_do(&wanted, unheard);
		assert_memory_equal(&ref, &wanted, sizeof(ref));
		d->acked = wanted;
		d->full++;
	}
	free(d->picture);
	d->picture = now;
	world_check(&d->w);
	model_last_ids(d->w.model, &router_id, &link_id);
	assert_true(router_id >= d->router_id && link_id >= d->link_id);
	nothing_to_do(d);
	d->crashes++;
}

/* Who works against us while there is no daemon. */
static void sabotage(struct daemon *d)
{
	const struct store_content *kept = &d->store.kept;

	if (below(4) == 0 && kept->router_count)
		fake_lose_router(d->machine,
				 kept->routers[below((uint32_t)kept->router_count)].slot);
	if (below(4) == 0 && kept->link_count)
		fake_lose_link(d->machine, kept->links[below((uint32_t)kept->link_count)].port[0]);
	if (below(4) == 0 && kept->router_count)
		fake_spoil_router(d->machine,
				  kept->routers[below((uint32_t)kept->router_count)].slot);
	if (below(4) == 0 && kept->link_count)
		fake_spoil_link(d->machine, kept->links[below((uint32_t)kept->link_count)].port[1]);
	if (below(4) == 0 && kept->link_count)
		fake_alter_link(d->machine, kept->links[below((uint32_t)kept->link_count)].port[1],
				(enum host_admin)below(3));
	fake_add_strays(d->machine, below(4) ? 0 : 2);
}

/* Up to three requests, one behind the other, and perhaps a kill somewhere. */
static void round_of(struct daemon *d)
{
	struct request requests[3];
	struct answer answers[3];
	int i, count = 1 + (int)below(3), accepted = 0;
	const struct request *unheard = NULL;
	bool half = false; /* an operation may end with things not as before */

	d->steps = below(3) ? 1 + below(60) : 0;
	if (below(6) == 0) {
		fake_fail_item(d->w.host, below(30), EPERM);
		half = true;
		if (below(2))
			fake_fail_second(d->w.host, below(20), EIO);
	}
	if (below(5) == 0) {
		d->store.fault = below(2) ? STORE_FULL : STORE_DOUBT;
		d->store.fault_in = below(4);
	}
	for (i = 0; i < count; i++) {
		random_request(&requests[accepted]);
		if (submit(d, &requests[accepted], &answers[accepted]) == 0)
			accepted++;
	}
	for (i = 0; i < accepted; i++) {
		world_wait(&d->w, &answers[i].ending);
		if (!answers[i].heard && !unheard)
			unheard = &requests[i];
	}
	fake_fail_item(d->w.host, 0, 0);
	fake_fail_second(d->w.host, 0, 0);
	d->store.fault = STORE_WELL;
	if (!d->dead && below(3))
		return;
	/* An answer that was given while the store was in doubt said so. */
	d->dead = true;
	bury(d);
	if (below(3) == 0)
		sabotage(d);
	start(d, below(3) ? 0 : 1 + below(40));
	judge(d, unheard, half);
	d->steps = 0;
}

static void killed_anywhere_it_comes_back_with_what_was_acknowledged(void **state)
{
	unsigned crashes = 0, full = 0, none = 0, failed = 0;
	unsigned seed;
	int i;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++) {
		struct daemon d = {.machine = fake_machine_new()};

		srandom(seed);
		assert_non_null(d.machine);
		fake_store_init(&d.store);
		start(&d, 0);
		d.picture = picture(&d.w);
		for (i = 0; i < ROUNDS; i++)
			round_of(&d);
		d.dead = true;
		bury(&d);
		fake_machine_free(d.machine);
		fake_store_done(&d.store);
		free(d.picture);
		crashes += d.crashes;
		full += d.full;
		none += d.none;
		failed += d.failed;
	}
	print_message("%u crashes: %u found done, %u undone; %u operations failed\n", crashes, full,
		      none, failed);
	assert_true(full > 50 && none > 500 && failed > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_anywhere_it_comes_back_with_what_was_acknowledged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
