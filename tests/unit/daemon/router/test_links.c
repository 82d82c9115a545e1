/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of links with a fake outside: what is sent is written down, and can be handed to a
 * second table as its neighbour's greetings. Time is a number.
 */
#include "daemon/router/links.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HELLO 40
#define DEAD  120
#define PORT  20
#define MINE  0x0a000001u
#define PEER  0x0a000002u

struct side {
	struct links *links;
	struct vlsp_hello *records;
	struct links_hello sent[64];
	uint16_t kind[64];
	size_t count, taken;
	char trace[64]; /* u: up, d: down */
	uint32_t cause, epoch;
	uint64_t wait_ns;
};

static void note(struct side *side, char c)
{
	size_t n = strlen(side->trace);

	assert_true(n + 1 < sizeof(side->trace));
	side->trace[n] = c;
}

static void fake_send(void *arg, uint16_t kind, const struct links_hello *hellos, size_t count)
{
	struct side *side = arg;

	for (size_t i = 0; i < count; i++) {
		assert_true(side->count < 64);
		side->kind[side->count] = kind;
		side->sent[side->count++] = hellos[i];
	}
}

static void fake_up(void *arg, const struct link *link, uint32_t cause)
{
	struct side *side = arg;

	side->cause = cause;
	side->epoch = link->live.epoch;
	note(side, 'u');
}

static void fake_down(void *arg, const struct link *link, uint32_t cause)
{
	struct side *side = arg;

	(void)link;
	side->cause = cause;
	note(side, 'd');
}

static uint64_t fake_wait(void *arg, uint64_t now_ns)
{
	struct side *side = arg;

	(void)now_ns;
	return side->wait_ns;
}

static const struct links_ops fake = {
	.wait_ns = fake_wait, .send = fake_send, .up = fake_up, .down = fake_down};

struct fixture {
	struct side a, b;
};

static void side_open(struct side *side, uint32_t epoch)
{
	side->records = calloc(VLSP_PORT_MAX, sizeof(*side->records));
	assert_int_equal(links_new(side->records, epoch, &fake, side, &side->links), 0);
	links_timing(side->links, 0, HELLO, DEAD);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	side_open(&f->a, 4 * HELLO + 5);
	side_open(&f->b, 8 * HELLO + 9);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	links_free(f->a.links);
	links_free(f->b.links);
	free(f->a.records);
	free(f->b.records);
	free(f);
	return 0;
}

/* Hands the next thing that from sent to the other side; false: there is nothing. */
static bool deliver_one(struct side *from, struct side *to, uint64_t now)
{
	const struct links_hello *hello;

	if (from->taken == from->count)
		return false;
	hello = &from->sent[from->taken];
	if (from->kind[from->taken++] == VDP_CTL_GREET) {
		links_greeted(to->links, now, hello->port, &hello->payload);
		return true;
	}
	to->records[hello->port].seen_ns = now;
	to->records[hello->port].epoch = ntohl(hello->payload.epoch);
	if (hello->payload.flags)
		to->records[hello->port].heard_ns = now;
	return true;
}

static void deliver(struct fixture *f, uint64_t now)
{
	while (deliver_one(&f->a, &f->b, now) | deliver_one(&f->b, &f->a, now))
		;
}

static void drop(struct fixture *f)
{
	f->a.taken = f->a.count;
	f->b.taken = f->b.count;
}

static void bring_up(struct fixture *f)
{
	assert_int_equal(links_add(f->a.links, 1000, PORT, 1, PEER), 0);
	assert_int_equal(links_add(f->b.links, 1000, PORT, 1, MINE), 0);
	deliver(f, 1000);
	assert_string_equal(f->a.trace, "u");
	assert_string_equal(f->b.trace, "u");
}

static void both_sides_come_up_by_greetings_alone(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	assert_int_equal(links_up(f->a.links), 1);
	assert_int_equal(f->a.epoch, 8 * HELLO + 9);
	assert_int_equal(f->b.epoch, 4 * HELLO + 5);
	assert_in_range(f->a.count, 1, 2);
	assert_in_range(f->b.count, 1, 2);
	for (size_t i = 0; i < f->a.count; i++)
		assert_int_equal(f->a.kind[i], VDP_CTL_GREET);
}

static void a_side_that_is_added_later_brings_both_up_with_three_greetings(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(links_add(f->a.links, 1000, PORT, 1, PEER), 0);
	deliver(f, 1000); /* b knows no such link */
	assert_int_equal(links_add(f->b.links, 2000, PORT, 1, MINE), 0);
	deliver(f, 2000);
	assert_string_equal(f->a.trace, "u");
	assert_string_equal(f->b.trace, "u");
	assert_int_equal(f->a.count, 2);
	assert_int_equal(f->b.count, 2);
}

static void the_neighbour_is_told_that_it_is_heard_before_the_protocol_starts(void **state)
{
	struct fixture *f = *state;
	struct vdp_hello heard = {.epoch = htonl(99), .flags = htonl(VDP_HELLO_HEARD)};

	assert_int_equal(links_add(f->a.links, 1000, PORT, 1, PEER), 0);
	links_greeted(f->a.links, 1001, PORT, &heard);
	assert_string_equal(f->a.trace, "u");
	assert_int_equal(f->a.count, 2);
	assert_int_equal(ntohl(f->a.sent[1].payload.flags), VDP_HELLO_HEARD);
}

static void hellos_alone_bring_a_link_up_when_greetings_are_lost(void **state)
{
	struct fixture *f = *state;
	uint64_t now;

	assert_int_equal(links_add(f->a.links, 1000, PORT, 1, PEER), 0);
	assert_int_equal(links_add(f->b.links, 1000, PORT, 1, MINE), 0);
	drop(f);
	for (now = 1000; now < 1000 + 4 * HELLO; now++) {
		links_run(f->a.links, now);
		links_run(f->b.links, now);
		deliver(f, now);
	}
	assert_string_equal(f->a.trace, "u");
	assert_string_equal(f->b.trace, "u");
}

static void hellos_keep_it_up_and_silence_takes_it_down_within_dead_and_hello(void **state)
{
	struct fixture *f = *state;
	uint64_t now, next_a = 0, next_b = 0, lost_at = 0;

	bring_up(f);
	for (now = 1000; now < 3000; now++) {
		if (now >= next_a)
			next_a = links_run(f->a.links, now);
		if (now >= next_b)
			next_b = links_run(f->b.links, now);
		assert_true(next_a > now);
		deliver(f, now);
		f->a.count = f->a.taken = f->b.count = f->b.taken = 0;
	}
	assert_string_equal(f->a.trace, "u");
	for (; now < 3000 + 2 * DEAD && !lost_at; now++) {
		if (now >= next_a)
			next_a = links_run(f->a.links, now);
		if (f->a.trace[1])
			lost_at = now;
	}
	assert_string_equal(f->a.trace, "ud");
	assert_int_equal(f->a.cause, FRAME_CAUSE_HELLO);
	assert_in_range(lost_at, 3000 + DEAD - HELLO, 3000 + DEAD + 2);
}

static void after_silence_a_hello_is_believed_and_a_greeting_is_not(void **state)
{
	struct fixture *f = *state;
	struct vdp_hello heard = {.epoch = htonl(8 * HELLO + 9), .flags = htonl(VDP_HELLO_HEARD)};
	uint64_t now = 1000;

	bring_up(f);
	while (!f->a.trace[1] && now < 1000 + 4 * DEAD)
		links_run(f->a.links, now++);
	assert_string_equal(f->a.trace, "ud");
	drop(f);

	/* this end's BPF program is gone, say: greetings reach the process, hellos do not count */
	links_greeted(f->a.links, now, PORT, &heard);
	links_run(f->a.links, ++now);
	assert_string_equal(f->a.trace, "ud");

	f->a.records[PORT] = (struct vlsp_hello){
		.epoch = 8 * HELLO + 9, .seen_ns = now + 1, .heard_ns = now + 1};
	for (uint64_t end = now + 2 * HELLO; now < end; now++)
		links_run(f->a.links, now + 2);
	assert_string_equal(f->a.trace, "udu");
}

static void who_was_late_himself_is_patient_until_he_is_in_time_again(void **state)
{
	struct fixture *f = *state;
	uint64_t now, due;

	bring_up(f);
	due = links_run(f->a.links, 1001);
	now = due + 10 * DEAD;
	due = links_run(f->a.links, now);
	assert_string_equal(f->a.trace, "u");
	for (int i = 0; i < 200 && !f->a.trace[1]; i++) {
		f->a.count = 0;
		now = due;
		due = links_run(f->a.links, now);
		assert_true(due > now);
	}
	assert_string_equal(f->a.trace, "ud");
	assert_in_range(now, 1001 + 11 * DEAD, 1001 + 60 * DEAD);
}

static void being_a_little_late_changes_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t now = 1001;

	bring_up(f);
	while (now <= 1000 + DEAD + HELLO / 4) {
		f->a.count = 0;
		now = links_run(f->a.links, now) + HELLO / 4 - 1;
	}
	links_run(f->a.links, now);
	assert_string_equal(f->a.trace, "ud");
}

static void nobody_is_lost_while_he_may_be_waiting_for_a_processor(void **state)
{
	struct fixture *f = *state;
	uint64_t now = 1001;

	bring_up(f);
	f->a.wait_ns = 5 * DEAD;
	while (now < 1000 + 6 * DEAD) {
		uint64_t next;

		f->a.count = 0;
		next = links_run(f->a.links, now);
		assert_true(next > now);
		for (size_t i = 0; i < f->a.count; i++)
			assert_int_equal(ntohl(f->a.sent[i].payload.flags), VDP_HELLO_HEARD);
		now = next;
	}
	assert_string_equal(f->a.trace, "u");
	f->a.wait_ns = 0;
	links_run(f->a.links, now);
	assert_string_equal(f->a.trace, "ud");
}

static void a_routing_message_counts_as_a_hello_while_the_link_is_up(void **state)
{
	struct fixture *f = *state;
	uint64_t now, due = 0;

	links_heard(f->a.links, 999, PORT); /* no such link */
	bring_up(f);
	for (now = 1001; now < 1000 + 10 * DEAD; now++) {
		f->a.count = 0;
		links_heard(f->a.links, now, PORT);
		if (now >= due)
			due = links_run(f->a.links, now);
	}
	assert_string_equal(f->a.trace, "u");
	links_carrier(f->a.links, now, PORT, false);
	links_heard(f->a.links, now + 1, PORT);
	links_run(f->a.links, now + 1);
	assert_string_equal(f->a.trace, "ud");
}

static void hellos_go_out_once_an_interval_to_ports_with_carrier(void **state)
{
	struct fixture *f = *state;
	size_t before;

	assert_int_equal(links_add(f->a.links, 1000, PORT, 1, PEER), 0);
	assert_int_equal(links_add(f->a.links, 1000, PORT + 1, 1, PEER), 0);
	links_carrier(f->a.links, 1000, PORT + 1, false);
	before = f->a.count;
	links_run(f->a.links, 1000);
	links_run(f->a.links, 1001);
	assert_int_equal(f->a.count, before + 1);
	assert_int_equal(f->a.kind[before], VDP_CTL_HELLO);
	assert_int_equal(f->a.sent[before].port, PORT);
	assert_int_equal(ntohl(f->a.sent[before].payload.epoch), 4 * HELLO + 5);
}

static void many_hellos_are_sent_in_batches_and_none_is_missing(void **state)
{
	struct fixture *f = *state;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < 33; i++)
		assert_int_equal(links_add(f->a.links, 1000, PORT + (i * 7) % 33, 1, PEER), 0);
	f->a.count = 0;
	links_run(f->a.links, 1000);
	assert_int_equal(f->a.count, 33);
	for (uint32_t i = 0; i < 33; i++)
		sum += f->a.sent[i].port - PORT;
	assert_int_equal(sum, 32 * 33 / 2);
	for (size_t i = 1; i < links_count(f->a.links); i++)
		assert_true(links_at(f->a.links, i - 1)->port < links_at(f->a.links, i)->port);
}

static void carrier_loss_is_a_cause_of_its_own_and_coming_back_greets(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	links_carrier(f->a.links, 1001, PORT, false);
	links_carrier(f->b.links, 1001, PORT, false);
	assert_string_equal(f->a.trace, "ud");
	assert_int_equal(f->a.cause, FRAME_CAUSE_CARRIER);
	links_carrier(f->a.links, 1002, PORT, true);
	links_carrier(f->b.links, 1003, PORT, true);
	deliver(f, 1003);
	assert_string_equal(f->a.trace, "udu");
	assert_string_equal(f->b.trace, "udu");
}

static void carrier_of_a_port_that_is_not_ours_is_ignored(void **state)
{
	struct fixture *f = *state;

	links_carrier(f->a.links, 1000, 77, false);
	links_carrier(f->a.links, 1000, 77, true);
	assert_int_equal(f->a.count, 0);
}

static void a_restarted_neighbour_goes_down_and_up_with_its_new_epoch(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	links_free(f->b.links);
	assert_int_equal(links_new(f->b.records, 1234, &fake, &f->b, &f->b.links), 0);
	links_timing(f->b.links, 1010, HELLO, DEAD);
	assert_int_equal(links_add(f->b.links, 1010, PORT, 1, MINE), 0);
	deliver(f, 1010);
	assert_string_equal(f->a.trace, "udu");
	assert_int_equal(f->a.epoch, 1234);
	assert_string_equal(f->b.trace, "uu");
	assert_int_equal(links_up(f->a.links), 1);
}

static void a_renewed_side_is_a_restart_for_the_neighbour_only(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	links_renew(f->b.links, 1010, 777);
	deliver(f, 1010);
	assert_string_equal(f->a.trace, "udu");
	assert_int_equal(f->a.epoch, 777);
	assert_int_equal(f->a.cause, FRAME_CAUSE_RESTART);
	assert_string_equal(f->b.trace, "u");
}

static void adding_a_known_link_changes_its_weight_only(void **state)
{
	struct fixture *f = *state;
	size_t sent;

	bring_up(f);
	sent = f->a.count;
	assert_int_equal(links_add(f->a.links, 1001, PORT, 9, PEER), 0);
	assert_int_equal(links_find(f->a.links, PORT)->weight, 9);
	assert_int_equal(f->a.count, sent);
	assert_string_equal(f->a.trace, "u");
}

static void adding_a_known_port_with_another_peer_is_a_new_link(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	assert_int_equal(links_add(f->a.links, 1001, PORT, 1, PEER + 5), 0);
	assert_string_equal(f->a.trace, "ud");
	assert_int_equal(links_count(f->a.links), 1);
	assert_int_equal(links_find(f->a.links, PORT)->peer, PEER + 5);
}

static void a_changed_weight_is_told_only_for_a_link_that_is_up(void **state)
{
	struct fixture *f = *state;
	bool changed = true;

	assert_int_equal(links_add(f->a.links, 1000, PORT, 1, PEER), 0);
	assert_int_equal(links_weight(f->a.links, PORT, 3, &changed), 0);
	assert_false(changed);
	assert_int_equal(links_add(f->b.links, 1000, PORT, 1, MINE), 0);
	deliver(f, 1000);
	assert_int_equal(links_weight(f->a.links, PORT, 4, &changed), 0);
	assert_true(changed);
	assert_int_equal(links_weight(f->a.links, PORT, 4, &changed), 0);
	assert_false(changed);
}

static void bad_ports_and_weights_are_refused_and_change_nothing(void **state)
{
	static const struct {
		uint32_t port, weight;
	} rows[] = {{0, 1}, {1, 1}, {VLSP_PORT_MAX, 1}, {UINT32_MAX, 1}, {PORT, 0}, {PORT, 65536}};
	struct fixture *f = *state;
	bool changed;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(links_add(f->a.links, 1, rows[i].port, rows[i].weight, PEER),
				 -EINVAL);
	assert_int_equal(links_count(f->a.links), 0);
	assert_int_equal(links_weight(f->a.links, PORT, 1, &changed), -ENOENT);
	assert_int_equal(links_weight(f->a.links, PORT, 65536, &changed), -EINVAL);
	assert_int_equal(links_del(f->a.links, PORT), -ENOENT);
	assert_int_equal(f->a.count, 0);
}

static void deleting_a_link_that_is_up_takes_it_down(void **state)
{
	struct fixture *f = *state;

	bring_up(f);
	assert_int_equal(links_del(f->a.links, PORT), 0);
	assert_string_equal(f->a.trace, "ud");
	assert_int_equal(links_up(f->a.links), 0);
	assert_null(links_find(f->a.links, PORT));
}

static void a_greeting_with_epoch_zero_is_ignored(void **state)
{
	struct fixture *f = *state;
	struct vdp_hello none = {.epoch = 0, .flags = htonl(VDP_HELLO_HEARD)};

	assert_int_equal(links_add(f->a.links, 1000, PORT, 1, PEER), 0);
	links_greeted(f->a.links, 1001, PORT, &none);
	assert_int_equal(f->a.count, 1);
	assert_string_equal(f->a.trace, "");
}

static void links_that_are_not_named_again_are_known(void **state)
{
	struct fixture *f = *state;
	bool changed;

	for (uint32_t port = PORT; port < PORT + 4; port++)
		assert_int_equal(links_add(f->a.links, 1000, port, 1, PEER), 0);
	assert_null(links_unnamed(f->a.links));
	links_unname(f->a.links);
	assert_int_equal(links_unnamed(f->a.links)->port, PORT + 3);
	assert_int_equal(links_add(f->a.links, 1001, PORT + 3, 1, PEER), 0);
	assert_int_equal(links_weight(f->a.links, PORT + 1, 2, &changed), 0);
	assert_int_equal(links_add(f->a.links, 1001, PORT + 9, 1, PEER), 0);
	assert_int_equal(links_unnamed(f->a.links)->port, PORT + 2);
	assert_int_equal(links_del(f->a.links, PORT + 2), 0);
	assert_int_equal(links_unnamed(f->a.links)->port, PORT);
	assert_int_equal(links_del(f->a.links, PORT), 0);
	assert_null(links_unnamed(f->a.links));
	assert_int_equal(links_count(f->a.links), 3);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(both_sides_come_up_by_greetings_alone),
		T(a_side_that_is_added_later_brings_both_up_with_three_greetings),
		T(the_neighbour_is_told_that_it_is_heard_before_the_protocol_starts),
		T(hellos_alone_bring_a_link_up_when_greetings_are_lost),
		T(hellos_keep_it_up_and_silence_takes_it_down_within_dead_and_hello),
		T(after_silence_a_hello_is_believed_and_a_greeting_is_not),
		T(who_was_late_himself_is_patient_until_he_is_in_time_again),
		T(being_a_little_late_changes_nothing),
		T(nobody_is_lost_while_he_may_be_waiting_for_a_processor),
		T(a_routing_message_counts_as_a_hello_while_the_link_is_up),
		T(hellos_go_out_once_an_interval_to_ports_with_carrier),
		T(many_hellos_are_sent_in_batches_and_none_is_missing),
		T(carrier_loss_is_a_cause_of_its_own_and_coming_back_greets),
		T(carrier_of_a_port_that_is_not_ours_is_ignored),
		T(a_restarted_neighbour_goes_down_and_up_with_its_new_epoch),
		T(a_renewed_side_is_a_restart_for_the_neighbour_only),
		T(adding_a_known_link_changes_its_weight_only),
		T(adding_a_known_port_with_another_peer_is_a_new_link),
		T(a_changed_weight_is_told_only_for_a_link_that_is_up),
		T(bad_ports_and_weights_are_refused_and_change_nothing),
		T(deleting_a_link_that_is_up_takes_it_down),
		T(a_greeting_with_epoch_zero_is_ignored),
		T(links_that_are_not_named_again_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
