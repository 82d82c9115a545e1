/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces of the host on routers: attached, refused, undone, kept, taken over, compared. */
#include "daemon/ctl/interface.h"
#include "tests/unit/daemon/ctl/kept.h"

static struct topo_iface iface_of(const char *words)
{
	struct topo_iface iface = {0};
	char copy[300], *word, *save = NULL;
	struct err err;

	snprintf(copy, sizeof(copy), "%s", words);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		if (topo_iface_parse(&iface, word, value, &err) < 0)
			fail_msg("%s", err.text);
	}
	return iface;
}

static int attach(struct kept_world *k, const char *router, const char *words,
		  struct ending *ending, struct err *err)
{
	struct topo_iface iface = iface_of(words);

	*ending = (struct ending){0};
	return ctl_interface_attach(k->w.ctl, router, &iface, world_ended, ending, NULL, err);
}

static void must_attach(struct kept_world *k, const char *router, const char *words)
{
	struct ending ending;
	struct err err = {0};

	if (attach(k, router, words, &ending, &err) < 0)
		fail_msg("%s", err.text);
	world_wait(&k->w, &ending);
	if (ending.op.state != CTL_DONE)
		fail_msg("%s", ending.op.err.text);
	world_check(&k->w);
}

static void must_detach(struct kept_world *k, const char *router, const char *name)
{
	struct ending ending = {0};
	struct err err = {0};

	if (ctl_interface_detach(k->w.ctl, router, name, world_ended, &ending, NULL, &err) < 0)
		fail_msg("%s", err.text);
	world_wait(&k->w, &ending);
	assert_int_equal(ending.op.state, CTL_DONE);
	world_check(&k->w);
}

static void assert_has(struct kept_world *k, const char *router, const char *text)
{
	const struct model_router *found = model_router_by_name(k->w.model, router);
	char *is = topo_ifaces_text(found->interfaces);
	long at = fake_store_router(&k->store, found->id);

	assert_string_equal(is, text);
	free(is);
	assert_true(at >= 0);
	assert_true(topo_ifaces_equal(k->store.kept.routers[at].interfaces, found->interfaces));
}

static void devices(struct kept_world *k)
{
	fake_add_device(k->machine, "eth0", true);
	fake_add_device(k->machine, "eth1", false);
}

static void two(struct kept_world *k)
{
	devices(k);
	world_router(&k->w, "gw", 0);
	world_router(&k->w, "r2", 0);
	world_link(&k->w, "gw", "r2", NULL);
}

#define ETH1 "host=eth1 mode=move name=wan address=192.0.2.1/24"

static void what_is_attached_is_kept_and_given_back(void **state)
{
	struct kept_world *k = *state;

	two(k);
	must_attach(k, "gw", "host=eth1 name=wan address=192.0.2.1/24");
	assert_has(k, "gw", ETH1);
	must_attach(k, "gw", "host=tap0 mode=tap");
	must_attach(k, "r2", "host=eth0 mode=macvlan");
	must_attach(k, "gw", "host=eth0 mode=macvlan"); /* many may share one */
	must_detach(k, "gw", "eth0");
	must_detach(k, "gw", "tap0");
	assert_has(k, "gw", ETH1);
	must_detach(k, "gw", "eth1"); /* by its name on the host, too */
	assert_has(k, "gw", "");
	must_attach(k, "r2", "host=eth1");
	world_delete_router(&k->w, "r2");
	must_attach(k, "gw", "host=eth1");
}

static void what_cannot_be_is_refused_at_once(void **state)
{
	static const struct {
		const char *router, *words;
		int code;
		const char *says;
	} rows[] = {
		{"nobody", "host=eth1", ENOENT, "router: there is no router nobody"},
		{"gw", "host=eth9", ENODEV, "host: there is no interface eth9"},
		{"gw", "host=eth0", EBUSY, "host: eth0 carries the default route"},
		{"gw", "host=tap1 mode=tap name=wan", EEXIST,
		 "name: router gw has an interface wan already"},
		{"r2", "host=eth1", EBUSY, "host: eth1 is attached to router gw already"},
		{"r2", "host=eth1 mode=macvlan", EBUSY, "host: eth1 is attached to router gw"},
		{"r2", "host=eth0 mode=tap", EEXIST, "host: there is a device eth0 already"},
		{"r2", "host=eth0 mode=macvlan address=10.0.9.9/24", EINVAL,
		 "address: 10.0.9.9/24 lies in the routers' own network"},
		{"r2", "mode=macvlan", EINVAL, "host: is missing"},
		{"r2", "host=lo", EINVAL, "host: lo is the host's own"},
	};
	struct kept_world *k = *state;
	struct ending ending = {0};
	struct err err;

	two(k);
	must_attach(k, "gw", "host=eth1 name=wan address=192.0.2.1/24");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_counts counts = world_counts(&k->w);

		err = (struct err){0};
		assert_int_equal(attach(k, rows[i].router, rows[i].words, &ending, &err),
				 -rows[i].code);
		if (strncmp(err.text, rows[i].says, strlen(rows[i].says)) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(world_counts(&k->w).batches, counts.batches);
	}
	assert_int_equal(
		ctl_interface_detach(k->w.ctl, "gw", "eth7", world_ended, &ending, NULL, &err),
		-ENOENT);
	assert_string_equal(err.text, "interface: router gw has no 'eth7'");
	must_attach(k, "gw", "host=eth0 force=true");
}

static void a_machine_that_refuses_leaves_what_was(void **state)
{
	struct kept_world *k = *state;
	struct ending ending;
	struct err err;

	two(k);
	must_attach(k, "gw", "host=eth1 name=wan address=192.0.2.1/24");
	fake_fail_item(k->w.host, 0, EIO);
	assert_int_equal(attach(k, "gw", "host=tap0 mode=tap", &ending, &err), 0);
	world_wait(&k->w, &ending);
	assert_int_equal(ending.op.state, CTL_OP_FAILED);
	assert_has(k, "gw", ETH1);
	world_check(&k->w);
	k->store.fault = STORE_FULL;
	k->store.fault_in = 1; /* the commit, when all has been done */
	assert_int_equal(attach(k, "gw", "host=tap0 mode=tap", &ending, &err), 0);
	world_wait(&k->w, &ending);
	assert_int_equal(ending.op.state, CTL_OP_FAILED);
	assert_has(k, "gw", ETH1);
	world_check(&k->w);
}

/* gw and r2 with these interfaces ("": none). */
static struct topo_doc *doc_of(const char *gw, const char *r2)
{
	struct topo_doc *doc = topo_doc_new();
	const char *texts[2] = {gw, r2};
	struct err err;

	for (int i = 0; i < 2; i++) {
		struct topo_router *router = topo_doc_add_router(doc, i ? "r2" : "gw");

		if (topo_ifaces_parse(texts[i], &router->interfaces, &err) < 0)
			fail_msg("%s", err.text);
	}
	topo_doc_add_link(doc, 0, 1);
	return doc;
}

static struct ctl_op apply(struct kept_world *k, const char *gw, const char *r2, unsigned flags)
{
	struct topo_doc *doc = doc_of(gw, r2);
	struct ctl_op op = world_apply_flags(&k->w, doc, flags);

	topo_doc_free(doc);
	return op;
}

static void must_apply(struct kept_world *k, const char *gw, const char *r2)
{
	struct ctl_op op = apply(k, gw, r2, 0);

	if (op.state != CTL_DONE)
		fail_msg("%s", op.err.text);
	world_check(&k->w);
}

static void a_file_adds_changes_moves_and_removes(void **state)
{
	struct kept_world *k = *state;
	struct fake_counts before;
	struct topo_doc *doc;

	devices(k);
	must_apply(k, "host=eth1 name=a; host=tap0 mode=tap name=t", "host=eth0 mode=macvlan");
	assert_has(k, "gw", "host=eth1 mode=move name=a; host=tap0 mode=tap name=t");
	before = world_counts(&k->w);
	must_apply(k, "host=tap0 mode=tap name=t; host=eth1 name=a", "host=eth0 mode=macvlan");
	assert_int_equal(world_counts(&k->w).batches, before.batches); /* nothing to do */
	must_apply(k, "host=eth1 name=a address=192.0.2.1/24", "host=eth0 mode=macvlan");
	must_apply(k, "", "host=eth1 name=b"); /* from one to the other, in either order */
	must_apply(k, "host=eth1 name=a", "");
	must_apply(k, "host=eth1 name=a", "host=tap0 mode=tap");
	must_apply(k, "host=tap0 mode=tap", "host=eth1"); /* and both at once */
	assert_int_equal(apply(k, "host=tap0 mode=tap", "host=eth1", CTL_APPLY_REPLACE).state,
			 CTL_DONE); /* all is made again */
	world_check(&k->w);
	doc = ctl_topology_export(k->w.ctl);
	assert_string_equal(doc->routers[1].interfaces->list[0].host, "eth1");
	topo_doc_free(doc);
	world_clear(&k->w);
	must_apply(k, "host=eth1", "");
}

static void a_file_that_wants_what_is_not_there_changes_nothing(void **state)
{
	struct kept_world *k = *state;
	struct topo_doc *doc = doc_of("", "host=eth0 mode=macvlan; host=eth9");
	struct ending ending = {0};
	struct ctl_diff diff;
	struct err err = {0};

	two(k);
	assert_int_equal(
		ctl_topology_apply(k->w.ctl, doc, 0, 5000, world_ended, &ending, NULL, &err),
		-ENODEV);
	assert_string_equal(err.text, "router r2: interfaces[1]: host: there is no interface eth9 "
				      "on the host");
	assert_int_equal(ctl_topology_diff(k->w.ctl, doc, &diff, &err), -ENODEV);
	topo_doc_free(doc);
	doc = doc_of("host=eth1", "");
	assert_int_equal(ctl_topology_diff(k->w.ctl, doc, &diff, &err), 0);
	assert_int_equal(diff.summary.routers_changed, 1);
	assert_string_equal(diff.lines[diff.count - 1].fields, "interfaces");
	ctl_diff_free(&diff);
	topo_doc_free(doc);
}

static void each_failure_of_a_swap_is_undone(void **state)
{
	struct kept_world *k = *state;
	struct topo_doc *doc = doc_of("host=tap0 mode=tap; host=eth0 mode=macvlan name=m",
				      "host=eth1");
	struct ctl_op op = {.state = CTL_OP_FAILED};
	char *before, *after;

	must_apply(k, "host=eth1", "host=tap0 mode=tap");
	before = world_picture(&k->w);
	for (uint64_t n = 0; op.state != CTL_DONE; n++) {
		fake_fail_item(k->w.host, n, EIO);
		op = world_apply_flags(&k->w, doc, 0);
		fake_fail_item(k->w.host, 0, 0);
		world_check(&k->w);
		after = world_picture(&k->w);
		if (op.state == CTL_DONE)
			assert_true(n == 2);
		else
			assert_string_equal(before, after);
		free(after);
	}
	free(before);
	topo_doc_free(doc);
}

static void the_next_daemon_has_them(void **state)
{
	struct kept_world *k = *state;
	struct recovered recovered;

	two(k);
	must_attach(k, "gw", "host=eth1 name=wan address=192.0.2.1/24");
	restart(k, &recovered);
	assert_true(recovered.result.nothing);
	assert_has(k, "gw", ETH1);
	world_check(&k->w);
	end(k, false); /* a reboot */
	boot(k);
	recover(k, &recovered);
	assert_int_equal(recovered.result.routers_made, 2);
	assert_int_equal(recovered.err.code, 0);
	world_check(&k->w);
	must_detach(k, "gw", "wan");
}

static void a_device_that_is_gone_costs_only_itself(void **state)
{
	struct kept_world *k = *state;
	struct ctl_reconcile result;
	struct recovered recovered;
	struct ctl_op op;

	two(k);
	must_attach(k, "gw", "host=eth1 name=wan");
	must_attach(k, "gw", "host=tap0 mode=tap");
	assert_int_equal(fake_lose_device(k->machine, "eth1"), 0); /* unplugged */
	assert_int_equal(reconcile(k, true, &result).state, CTL_DONE);
	assert_int_equal(result.routers_set, 1);
	assert_int_equal(result.routers_made, 0);
	op = reconcile(k, false, &result);
	assert_int_equal(op.state, CTL_OP_FAILED);
	assert_non_null(strstr(op.err.text, "host: there is no interface eth1"));
	assert_int_equal(model_router_by_name(k->w.model, "gw")->state, MODEL_RUNNING);
	restart(k, &recovered);
	assert_int_equal(recovered.err.code, ENODEV);
	assert_int_equal(recovered.result.routers_adopted, 2);
	assert_int_equal(model_router_by_name(k->w.model, "gw")->state, MODEL_RUNNING);
	fake_add_device(k->machine, "eth1", false);
	assert_int_equal(reconcile(k, false, &result).state, CTL_DONE);
	assert_int_equal(result.routers_set, 1);
	world_check(&k->w);
	reconcile(k, false, &result);
	assert_true(result.nothing);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_attached_is_kept_and_given_back),
		TEST(what_cannot_be_is_refused_at_once),
		TEST(a_machine_that_refuses_leaves_what_was),
		TEST(a_file_adds_changes_moves_and_removes),
		TEST(a_file_that_wants_what_is_not_there_changes_nothing),
		TEST(each_failure_of_a_swap_is_undone),
		TEST(the_next_daemon_has_them),
		TEST(a_device_that_is_gone_costs_only_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
