// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which properties of one direction make no sense together. Called with the whole of a direction:
 * by topo_doc_check() for what a file or a generator gives, by daemon/ctl for what a request makes
 * of a link.
 */
#include "lib/topo/shape.h"

#include "lib/topo/units.h"

#define ALL_PPM 1000000u

static int check_jitter(uint64_t jitter, uint64_t delay, struct err *err)
{
	char x[UNITS_TEXT_SIZE], y[UNITS_TEXT_SIZE];

	if (jitter == 0 || jitter <= delay)
		return 0;
	units_duration_format(jitter, x);
	if (delay == 0)
		return err_set(err, EINVAL, "jitter: %s, but there is no delay to vary", x);
	return err_set(err, EINVAL, "jitter: %s is more than the delay, %s", x,
		       units_duration_format(delay, y));
}

/* In a burst more is lost than in the long run: otherwise there is nothing between bursts. */
static int check_loss(uint32_t loss, uint32_t burst, uint32_t burst_loss, struct err *err)
{
	uint64_t within = burst_loss ? burst_loss : ALL_PPM;
	char x[UNITS_TEXT_SIZE], y[UNITS_TEXT_SIZE];

	if (!burst && burst_loss)
		return err_set(err, EINVAL, "burst-loss: without burst there are no bursts");
	if (!burst)
		return 0;
	if (!loss)
		return err_set(err, EINVAL, "burst: there is no loss that could come in bursts");
	units_percent_format(loss, x);
	/* Bursts of mean length b have at least one datagram between them: a share of b/(1+b). */
	if (loss < within && (uint64_t)loss * (1000 + burst) > within * burst)
		return err_set(err, EINVAL,
			       "loss: %s is more than bursts of %g, with at least one datagram "
			       "between them, can have",
			       x, burst / 1000.0);
	if (loss < within)
		return 0;
	if (!burst_loss)
		return err_set(err, EINVAL, "loss: %s leaves nothing between the bursts", x);
	return err_set(err, EINVAL, "loss: %s in all is not less than %s within a burst", x,
		       units_percent_format(burst_loss, y));
}

int topo_shape_check(const struct topo_shape *shape, struct err *err)
{
	uint32_t set = shape->set;
	uint64_t delay = set & TOPO_DELAY ? shape->delay_ns : 0;
	bool reorders = set & TOPO_REORDER && shape->reorder_ppm;
	int r = check_jitter(set & TOPO_JITTER ? shape->jitter_ns : 0, delay, err);

	if (r == 0)
		r = check_loss(set & TOPO_LOSS ? shape->loss_ppm : 0,
			       set & TOPO_BURST ? shape->burst_milli : 0,
			       set & TOPO_BURST_LOSS ? shape->burst_loss_ppm : 0, err);
	if (r < 0 || !reorders)
		return r;
	if (delay == 0)
		return err_set(err, EINVAL,
			       "reorder: without a delay nothing can overtake anything");
	if (set & TOPO_ORDER && shape->order == TOPO_ORDER_KEEP)
		return err_set(err, EINVAL, "reorder: 'order: keep' forbids it");
	return 0;
}
