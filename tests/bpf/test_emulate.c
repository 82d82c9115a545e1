// SPDX-License-Identifier: GPL-2.0-or-later
/* What a shaped link draws for a datagram, and what becomes of those that it loses and doubles. */
#include "tests/bpf/shaped.h"

/* --- loss --------------------------------------------------------------------------------------
 */

static void what_is_lost_was_sent_and_is_counted_where_it_was_to_leave(void **state)
{
	(void)state;
	need_bpf();
	shape((struct vlsp_shape){.loss.loss = FATE_ALWAYS}, false);
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_int_equal(count(IN).rx_packets, 1);
	assert_int_equal(count(OUT).tx_packets, 1);
	assert_int_equal(count(OUT).tx_bytes, 128);
	assert_dropped(IN, VLSP_DROP_CAUSES);
	assert_dropped(OUT, VLSP_DROP_LOSS);
	ipv4_frame(&in, ADDR(1), ADDR(2), 100);
	leave();
	assert_int_equal(out.verdict, TC_ACT_SHOT);
	assert_int_equal(count(EDGE).tx_packets, 1);
	assert_int_equal(count(OUT).tx_packets, 2);
	assert_int_equal(count(OUT).drop[VLSP_DROP_LOSS], 2);
	assert_dropped(EDGE, VLSP_DROP_CAUSES);
}

static void a_shape_of_nothing_does_nothing(void **state)
{
	(void)state;
	need_bpf();
	shape((struct vlsp_shape){.limit = 1}, false);
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	for (int i = 0; i < 100; i++) {
		hop();
		assert_int_equal(out.verdict, ROUTE);
	}
	VDP(&in)->ttl--;
	assert_memory_equal(out.bytes, in.bytes, in.size);
	assert_int_equal(count(OUT).tx_packets, 100);
	assert_dropped(OUT, VLSP_DROP_CAUSES);
	assert_int_equal(fates().n, 100);
}

static void what_arrives_is_not_shaped_again(void **state)
{
	(void)state;
	need_bpf();
	shape((struct vlsp_shape){.loss.loss = FATE_ALWAYS}, false);
	port(IN, 1, VLSP_PORT_VALID | VLSP_PORT_SHAPED);
	vdp_frame(&in, ADDR(2), ADDR(1), 100);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_int_equal(count(EDGE).rx_packets, 1);
	assert_int_equal(fates().n, 0);
}

static void a_flag_without_a_shape_lets_go(void **state)
{
	(void)state;
	need_bpf();
	port(OUT, 1, VLSP_PORT_VALID | VLSP_PORT_SHAPED);
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	hop();
	assert_int_equal(out.verdict, ROUTE);
	assert_dropped(OUT, VLSP_DROP_CAUSES);
}

static void losses_are_those_of_the_key(void **state)
{
	static const struct fate_loss rows[] = {
		{.loss = 1u << 30},
		{.enter = 1u << 29, .leave = 1u << 30, .burst_loss = FATE_ALWAYS},
		{.loss = 1u << 28, .enter = 1u << 29, .leave = 1u << 30, .burst_loss = 3u << 30},
	};

	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 10);
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		for (int again = 0; again < 2; again++) {
			uint32_t burst = 0;

			shape((struct vlsp_shape){.loss = rows[row]}, true);
			for (uint64_t n = 0; n < 500; n++) {
				bool lost = fate_lost(&rows[row], fate_base(KEY, n), &burst);

				hop();
				assert_int_equal(out.verdict, lost ? TC_ACT_SHOT : ROUTE);
				assert_int_equal(fates().burst, burst);
			}
		}
	}
}

/* --- numbers -----------------------------------------------------------------------------------
 */

static void another_shape_with_the_same_key_goes_on_counting(void **state)
{
	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 10);
	shape((struct vlsp_shape){.loss.loss = 1u << 30}, false);
	for (int i = 0; i < 10; i++)
		hop();
	shape((struct vlsp_shape){.loss.loss = 1u << 31}, false);
	for (uint64_t n = 10; n < 50; n++) {
		hop();
		assert_int_equal(out.verdict, hits(n, FATE_LOSS, 1u << 31) ? TC_ACT_SHOT : ROUTE);
	}
	assert_int_equal(fates().n, 50);
}

static void numbers_begin_anew_with_another_key_or_where_that_is_asked_for(void **state)
{
	struct vlsp_shape half = {.loss.loss = 1u << 31};

	(void)state;
	need_bpf();
	vdp_frame(&in, ADDR(3), ADDR(2), 10);
	shape(half, false);
	for (int i = 0; i < 10; i++)
		hop();
	shape(half, true);
	hop();
	assert_int_equal(fates().n, 1);
	half.key = 43;
	shape(half, false);
	hop();
	assert_int_equal(fates().n, 1);
	/* nothing came while it had this one */
	half.key = 44;
	shape(half, false);
	half.key = 45;
	shape(half, false);
	hop();
	assert_int_equal(fates().n, 1);
	/* and not one that was there before, in between */
	hop();
	bld_port_del(bld, OUT);
	port(OUT, 1, VLSP_PORT_VALID);
	shape(half, false);
	assert_int_equal(fates().n, 0);
	hop();
	assert_int_equal(fates().n, 1);
}

static void a_shape_goes_with_its_port(void **state)
{
	struct vlsp_shape shape_there;
	struct vlsp_fate fate;

	(void)state;
	need_bpf();
	shape((struct vlsp_shape){.loss.loss = 1}, false);
	assert_int_equal(bld_shape_read(bld, OUT, &shape_there), 0);
	bld_port_del(bld, OUT);
	assert_int_equal(bld_shape_read(bld, OUT, &shape_there), -ENOENT);
	assert_int_equal(bld_fate_read(bld, OUT, &fate), -ENOENT);
	assert_int_equal(bld_shape_set(bld, VLSP_PORT_FIRST - 1, &shape_there, false), -EINVAL);
	assert_int_equal(bld_shape_set(bld, VLSP_PORT_MAX, &shape_there, false), -EINVAL);
}

/* --- duplicate ---------------------------------------------------------------------------------
 */

static void a_duplicate_leaves_by_the_device_before_the_original(void **state)
{
	static struct frame copy;
	uint64_t twice = 0;

	(void)state;
	need_bpf();
	shape((struct vlsp_shape){.duplicate = 1u << 30}, false);
	vdp_frame(&in, ADDR(3), ADDR(2), 100);
	(void)arrived(&copy);
	for (uint64_t n = 0; n < 200; n++) {
		bool is_twice = hits(n, FATE_DUPLICATE, 1u << 30);

		hop();
		assert_int_equal(out.verdict, ROUTE); /* the original, which a test run keeps */
		assert_int_equal(arrived(&copy), is_twice);
		if (!is_twice)
			continue;
		twice++;
		assert_int_equal(copy.size, out.size);
		assert_memory_equal(copy.bytes, out.bytes, out.size);
	}
	assert_int_equal(fates().duplicated, twice);
	/* one datagram was sent; what a link makes of it is not the sender's */
	assert_int_equal(count(OUT).tx_packets, 200);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup(name, shaped_reset)
	const struct CMUnitTest tests[] = {
		T(what_is_lost_was_sent_and_is_counted_where_it_was_to_leave),
		T(a_shape_of_nothing_does_nothing),
		T(what_arrives_is_not_shaped_again),
		T(a_flag_without_a_shape_lets_go),
		T(losses_are_those_of_the_key),
		T(another_shape_with_the_same_key_goes_on_counting),
		T(numbers_begin_anew_with_another_key_or_where_that_is_asked_for),
		T(a_shape_goes_with_its_port),
		T(a_duplicate_leaves_by_the_device_before_the_original),
	};

	return cmocka_run_group_tests(tests, shaped_open, harness_close);
}
