// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waiting for a point in time, exactly and cheaply. The kernel wakes a sleeper some 50 us late, so
 * the relay asks to be woken that much earlier and spends the rest of the time looking at the
 * clock, within a budget. Called by relay.c.
 *
 * Before it sleeps it says until when (vlsp_wake), so that the programs wake it only for what is
 * due before that; see bpf/inc/emulate.h for the other side.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/relay/relay_priv.h"
#include "lib/base/clock.h"

#define LAG_MAX_NS  150000u		/* more is not the wake-up's fault */
#define SPIN_MAX_NS (5 * NSEC_PER_MSEC) /* that may be saved up */
#define ENOUGH_NS   3000u		/* in addition */
#define QUANTUM_NS  50000u /* the shortest sleep: in a virtual machine, each costs 10 us */

/* Spends of the budget; false: it is used up. */
static bool may_spin(struct relay *relay, uint64_t now, uint64_t ns)
{
	if (now > relay->spin_at_ns) {
		relay->spin_ns += (now - relay->spin_at_ns) * relay->spin / 100;
		relay->spin_at_ns = now;
		if (relay->spin_ns > SPIN_MAX_NS)
			relay->spin_ns = SPIN_MAX_NS;
	}
	if (relay->spin_ns < ns)
		return false;
	relay->spin_ns -= ns;
	relay->pace->spins_ns += ns;
	return true;
}

static bool something_came(const struct relay *relay)
{
	return relay->ring && !bpfring_empty(relay->ring);
}

static inline void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void spin(const struct relay *relay, uint64_t at_ns)
{
	while (clock_mono_ns() < at_ns && !something_came(relay))
		relax();
}

static void learn_lag(struct relay *relay, uint64_t asked_ns, uint64_t now)
{
	uint64_t lag = now > asked_ns ? now - asked_ns : 0;

	if (lag > LAG_MAX_NS)
		lag = LAG_MAX_NS;
	relay->lag_ns = (relay->lag_ns * 15 + lag) / 16;
}

/* False: something else came before. */
static bool sleep_until(struct relay *relay, uint64_t wake_ns, uint64_t now)
{
	uint64_t left = wake_ns - now;
	struct timespec timeout = {.tv_sec = (time_t)(left / NSEC_PER_SEC),
				   .tv_nsec = (long)(left % NSEC_PER_SEC)};
	struct pollfd fds[2] = {{.fd = loop_fd(relay->loop), .events = POLLIN},
				{.fd = relay->ring_fd, .events = POLLIN}};
	int n = ppoll(fds, 2, wake_ns == UINT64_MAX ? NULL : &timeout, NULL);

	relay->pace->wakes++;
	if (n == 0)
		learn_lag(relay, wake_ns, clock_mono_ns());
	if (n > 0 && fds[0].revents)
		loop_once(relay->loop, 0);
	return n == 0;
}

/*
 * When to be woken for something at at_ns; now: it is not worth going to sleep, or too late. While
 * there is much to do the budget is used up; then what is due within a quantum leaves together.
 */
static uint64_t wake_time(struct relay *relay, uint64_t at_ns, uint64_t now, bool *ret_spin)
{
	uint64_t early = relay->lag_ns + ENOUGH_NS, left = at_ns - now;

	*ret_spin = false;
	if (left <= early + QUANTUM_NS) {
		*ret_spin = may_spin(relay, now, left);
		return *ret_spin ? now : now + (left > QUANTUM_NS ? left : QUANTUM_NS);
	}
	*ret_spin = may_spin(relay, now, early);
	return *ret_spin ? at_ns - early : at_ns;
}

void wait_until(struct relay *relay, uint64_t at_ns)
{
	uint64_t now = clock_mono_ns(), wake_ns = UINT64_MAX;
	bool exact = false;

	if (at_ns) {
		if (at_ns <= now)
			return;
		wake_ns = wake_time(relay, at_ns, now, &exact);
	}
	if (wake_ns > now) {
		if (relay->wake)
			relay->wake->at_ns = wake_ns;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (something_came(relay) || !sleep_until(relay, wake_ns, now))
			exact = false; /* at_ns may be far away, or another by now */
		if (relay->wake)
			relay->wake->at_ns = 0;
	}
	if (exact)
		spin(relay, at_ns);
}

void wait_reckon(struct relay *relay)
{
	char text[96];
	ssize_t n;

	relay->pace->held = relay->hold.held;
	relay->pace->held_bytes = relay->hold.held_bytes;
	if (relay->sched_fd < 0)
		return;
	n = pread(relay->sched_fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return;
	text[n] = '\0'; /* time on a processor, time waiting for one, turns: ns, ns, number */
	char *second = NULL;

	(void)strtoull(text, &second, 10);
	if (second)
		relay->pace->starved_ns = strtoull(second, NULL, 10);
}
