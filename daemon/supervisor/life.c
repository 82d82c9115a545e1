// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of one application (life.h). Called by app.c. */
#include "daemon/supervisor/life.h"

#include <string.h>
#include <sys/wait.h>

#define STATUS_UNABLE (127 << 8) /* as shells have it */

static void set_due(struct life *life, enum life_do what, uint64_t at)
{
	life->due = what;
	life->due_ns = at;
}

void life_init(struct life *life, enum topo_app_restart restart, enum topo_app_ready ready_by,
	       uint32_t grace_ms, uint64_t now)
{
	memset(life, 0, sizeof(*life));
	life->restart = restart;
	life->ready_by = ready_by;
	life->grace_ns = grace_ms * 1000000ull;
	life->phase = APP_STARTING;
	life->status = -1;
	set_due(life, LIFE_START, now);
}

uint64_t life_next(const struct life *life)
{
	if (!life->settled_ns || (life->due_ns && life->due_ns < life->settled_ns))
		return life->due_ns;
	return life->settled_ns;
}

bool life_is_over(const struct life *life)
{
	return life->phase == APP_ENDED || life->phase == APP_FAILED;
}

enum life_do life_tick(struct life *life, uint64_t now)
{
	enum life_do what = life->due;

	if (life->settled_ns && life->settled_ns <= now) {
		life->settled_ns = 0;
		life->ready = true;
	}
	if (!life->due_ns || life->due_ns > now)
		return LIFE_NOTHING;
	set_due(life, LIFE_NOTHING, 0);
	if (what == LIFE_TERM)
		set_due(life, LIFE_KILL, now + life->grace_ns);
	if (what == LIFE_START && life->phase == APP_WAITING) {
		life->phase = APP_STARTING;
		life->restarts++;
	}
	return what;
}

void life_begun(struct life *life)
{
	life->process = true;
	life->notified = false;
}

void life_executed(struct life *life, uint64_t now)
{
	life->executed = life->ran = true;
	life->begun_ns = now;
	if (life->phase == APP_STOPPING)
		return;
	life->phase = APP_RUNNING;
	life->ready = life->notified;
	if (life->ready_by == TOPO_APP_READY_SETTLED)
		life->settled_ns = now + LIFE_SETTLED_NS;
}

void life_notified(struct life *life)
{
	if (!life->process || life->ready_by != TOPO_APP_READY_NOTIFY)
		return;
	life->notified = true; /* it may be faster than who says that it runs */
	if (life->phase == APP_RUNNING)
		life->ready = true;
}

static bool succeeded(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void wait_again(struct life *life, uint64_t now)
{
	bool lived = life->executed && now - life->begun_ns >= LIFE_PAUSE_ZERO_NS;

	life->pause_ns = lived || !life->pause_ns ? LIFE_PAUSE_NS : 2 * life->pause_ns;
	if (life->pause_ns > LIFE_PAUSE_MAX_NS)
		life->pause_ns = LIFE_PAUSE_MAX_NS;
	life->phase = APP_WAITING;
	set_due(life, LIFE_START, now + life->pause_ns);
}

/* Its job is done: ready, and there it ends. */
static bool has_done_its_job(const struct life *life, int status)
{
	return life->ready_by == TOPO_APP_READY_EXIT && succeeded(status);
}

static void run_ended(struct life *life, int status, uint64_t now)
{
	bool was_ready = life->ready, stopping = life->phase == APP_STOPPING;

	life->process = false;
	life->status = status;
	life->settled_ns = 0;
	set_due(life, LIFE_NOTHING, 0);
	life->ready = !stopping && has_done_its_job(life, status);
	if (stopping)
		life->phase = APP_ENDED;
	else if (life->restart == TOPO_APP_ALWAYS ||
		 (life->restart == TOPO_APP_ON_FAILURE && !succeeded(status)))
		wait_again(life, now);
	else
		life->phase = was_ready || succeeded(status) ? APP_ENDED : APP_FAILED;
	life->executed = false;
}

void life_unable(struct life *life, uint64_t now)
{
	life->process = false;
	/* What never ran is not there, or not so; later it may be, for a moment. */
	if (life->ran || life->phase == APP_STOPPING) {
		run_ended(life, STATUS_UNABLE, now);
		return;
	}
	life->settled_ns = 0;
	set_due(life, LIFE_NOTHING, 0);
	life->phase = APP_FAILED;
}

void life_ended(struct life *life, int status, uint64_t now)
{
	run_ended(life, status, now);
}

void life_stop(struct life *life, bool at_once, uint64_t now)
{
	bool again = life->phase == APP_STOPPING;

	if (life_is_over(life))
		return;
	life->phase = APP_STOPPING;
	life->settled_ns = 0;
	if (!life->process) {
		life->phase = APP_ENDED;
		life->ready = false;
		set_due(life, LIFE_NOTHING, 0);
	} else if (at_once || !life->executed) { /* nobody would hear it yet */
		set_due(life, LIFE_KILL, now);
	} else if (!again) {
		set_due(life, LIFE_TERM, now);
	}
}
