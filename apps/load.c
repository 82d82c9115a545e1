// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * load: uses processor, memory and network, each as a profile says, and reports what it really
 * used. The original ran stress(1) for this (demo_usr.stress.Stress).
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "apps/common.h"
#include "apps/random.h"

#define CONSTANT "constant:"
#define SECOND	 1000000000ULL
#define STEP	 (SECOND / 20) /* how often profiles are looked at, and a burner's period */
#define CHUNK	 ((size_t)1 << 20)
#define CORES	 64
#define MIB_MAX	 1e9 /* none has so much: it fails */

struct profile {
	enum { STEADY, ON_OFF, RAMP, DRAWN } kind;
	double a, b;		 /* steady: a; on/off: while on, while off; ramp: from, to */
	double on_s, off_s;	 /* on/off; ramp and drawn: on_s is how long */
	struct random_dist dist; /* drawn */
	double drawn;		 /* and its value now */
	uint64_t period;	 /* which it belongs to, counted from 1 */
};

static struct profile cpu, memory, network;
static struct vlsp_address to;
static uint64_t duration = APP_FOREVER, size = 1000, cores = 1;
static struct random rng;
static uint64_t begin;
static _Atomic double share; /* of a core, for each burner */
static char **chunks;
static size_t held, room;
static unsigned long long sent_bytes, used_cpu_ns;
static double cpu_now, network_now;

/* --- profiles ------------------------------------------------------------------------------- */

/* The numbers behind the colon, separated by commas: quantities first, then times in seconds. */
static bool numbers(char *text, parse_fn *quantity, double *first, double *second, double *times,
		    unsigned wanted)
{
	double *quantities[] = {first, second};
	char *rest, *word = strtok_r(text, ",", &rest);

	for (unsigned i = 0; i < 2 + wanted; i++, word = strtok_r(NULL, ",", &rest)) {
		uint64_t ns;

		if (!word)
			return false;
		if (i < 2 ? quantity(word, quantities[i]) != NULL : parse_time(word, &ns) != NULL)
			return false;
		if (i >= 2)
			times[i - 2] = (double)ns / 1e9;
	}
	return !word;
}

/* VALUE, onoff:HIGH,LOW,ON,OFF, ramp:FROM,TO,TIME, or DIST@TIME. */
static bool profile(const char *text, parse_fn *quantity, parse_fn *dist,
		    struct profile *ret_profile)
{
	struct profile p = {0};
	double times[2] = {0};
	char copy[200], *at;
	uint64_t ns;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	at = strchr(copy, '@');
	if (strncmp(copy, "onoff:", 6) == 0) {
		p.kind = ON_OFF;
		if (!numbers(copy + 6, quantity, &p.a, &p.b, times, 2) || times[0] + times[1] <= 0)
			return false;
	} else if (strncmp(copy, "ramp:", 5) == 0) {
		p.kind = RAMP;
		if (!numbers(copy + 5, quantity, &p.a, &p.b, times, 1) || times[0] <= 0)
			return false;
	} else if (at) {
		p.kind = DRAWN;
		*at = '\0';
		if (dist(copy, &p.dist) || parse_time(at + 1, &ns) || ns == 0)
			return false;
		times[0] = (double)ns / 1e9;
	} else if (quantity(strncmp(copy, CONSTANT, strlen(CONSTANT)) == 0 ? copy + strlen(CONSTANT)
									   : copy,
			    &p.a)) {
		return false;
	}
	p.on_s = times[0];
	p.off_s = times[1];
	*ret_profile = p;
	return true;
}

#define PROFILE "a profile (VALUE, onoff:HIGH,LOW,ON,OFF, ramp:FROM,TO,TIME, DIST@TIME)"

static const char *parse_profile(const char *text, void *value)
{
	return profile(text, parse_real, parse_dist, value) ? NULL : PROFILE;
}

static const char *parse_rate_profile(const char *text, void *value)
{
	return profile(text, parse_rate, parse_dist_rate, value) ? NULL
								 : PROFILE " of rates (1mbit)";
}

static double value_at(struct profile *p, double seconds)
{
	switch (p->kind) {
	case ON_OFF:
		return fmod(seconds, p->on_s + p->off_s) < p->on_s ? p->a : p->b;
	case RAMP:
		return p->a + (p->b - p->a) * fmin(1, seconds / p->on_s);
	case DRAWN:
		if (p->period != 1 + (uint64_t)(seconds / p->on_s)) {
			p->period = 1 + (uint64_t)(seconds / p->on_s);
			p->drawn = random_draw(&p->dist, &rng);
		}
		return p->drawn;
	case STEADY:
		break;
	}
	return p->a;
}

/* --- the three of them ---------------------------------------------------------------------- */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

/* One core's worth at most: in each period it works until it has had its share, by its own clock.
 */
static void *burn(void *unused)
{
	for (;;) {
		uint64_t period = app_now() + STEP, now;
		uint64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) +
				 (uint64_t)(share * (double)STEP);
		struct timespec ts;

		while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < until && app_now() < period)
			for (volatile unsigned i = 0; i < 20000; i++)
				;
		now = app_now();
		ts = (struct timespec){0, now < period ? (long)(period - now) : 0};
		nanosleep(&ts, NULL);
	}
	return unused;
}

/* Memory is only used once it was written to. */
static void hold(size_t wanted)
{
	if (wanted > room) {
		char **more = realloc(chunks, wanted * sizeof(*chunks));

		if (!more)
			app_fail("cannot hold %zu MiB", wanted);
		chunks = more;
		room = wanted;
	}
	for (; held < wanted; held++) {
		chunks[held] = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (chunks[held] == MAP_FAILED)
			app_fail("cannot hold %zu MiB", wanted);
		memset(chunks[held], 0x5a, CHUNK);
	}
	while (held > wanted)
		munmap(chunks[--held], CHUNK);
}

/* What is due by now; the rest of it is owed to the next time. */
static void send_due(struct vlsp_socket *socket, double *owed, double seconds)
{
	static char data[65536];
	uint64_t until = app_now() + STEP; /* it may be more than can be sent */

	*owed += network_now * seconds / 8;
	if (*owed > network_now / 8) /* not more than one second's worth */
		*owed = network_now / 8;
	for (; *owed >= (double)size && app_now() < until; *owed -= (double)size)
		if (app_send(socket, data, size, &to))
			sent_bytes += size;
}

static unsigned long long resident(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f || fscanf(f, "%*u %llu", &pages) != 1)
		app_fail("cannot read /proc/self/statm");
	fclose(f);
	return pages * (unsigned long long)sysconf(_SC_PAGESIZE) >> 20;
}

/* What was really used since the last time. */
static void report(void)
{
	static uint64_t last;
	static unsigned long long last_cpu, last_bytes;
	uint64_t now = app_now();
	double seconds = (double)(now - (last ? last : begin)) / 1e9;

	used_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (seconds > 0.1) {
		vlsp_app_report("cpu.percent", "%.1f",
				(double)(used_cpu_ns - last_cpu) / 1e7 / seconds);
		vlsp_app_report("network.rate", "%.0f",
				(double)(sent_bytes - last_bytes) * 8 / seconds);
		last = now;
		last_cpu = used_cpu_ns;
		last_bytes = sent_bytes;
	}
	vlsp_app_report("cpu.wanted", "%.1f", cpu_now);
	vlsp_app_report("network.wanted", "%.0f", network_now);
	vlsp_app_report("memory.mib", "%llu", resident());
	vlsp_app_report("memory.wanted", "%zu", held);
}

static const struct app_option options[] = {
	{"-c", "PROFILE", "processor, percent of a core", parse_profile, &cpu},
	{"-j", "COUNT", "threads that share it (default 1: at most 100 percent)", parse_count,
	 &cores},
	{"-m", "PROFILE", "memory, MiB", parse_profile, &memory},
	{"-n", "PROFILE", "network, bit/s of payload", parse_rate_profile, &network},
	{"-a", "ADDR:PORT", "where -n goes to", parse_address, &to},
	{"-s", "BYTES", "payload of each datagram (default 1000)", parse_bytes, &size},
	{"-t", "TIME", "ends after that time", parse_time, &duration},
	{0},
};
static const char *parse_network(const char *text, void *value)
{
	if (!to.port)
		return "possible before 'to' is set";
	return parse_rate_profile(text, value);
}

static const struct app_option settings[] = {
	{"cpu", "PROFILE", "as -c", parse_profile, &cpu},
	{"memory", "PROFILE", "as -m", parse_profile, &memory},
	{"network", "PROFILE", "as -n", parse_network, &network},
	{"to", "ADDR:PORT", "as -a", parse_address, &to},
	{0},
};
static const struct app app = {"load", "uses processor, memory and network by profiles", options,
			       report, settings};

static void start_burners(void)
{
	pthread_t thread;

	for (uint64_t i = 0; i < cores; i++) {
		int error = pthread_create(&thread, NULL, burn, NULL);

		if (error) {
			errno = error;
			app_fail("cannot start a thread");
		}
		pthread_detach(thread);
	}
}

int main(int argc, char **argv)
{
	struct vlsp_socket *socket = NULL;
	struct app_pace pace = {0};
	uint64_t last, now;
	double owed = 0;

	app_start(&app, argc, argv);
	if (cores < 1 || cores > CORES)
		app_usage("-j", "1 to %d", CORES);
	if (size < 1 || size > 65507)
		app_usage("-s", "1 to 65507");
	if ((network.a > 0 || network.kind != STEADY) && !to.port)
		app_usage("-a", "is missing: where -n goes to");
	rng.state = random_seed();
	begin = last = app_now();
	start_burners();
	app_ready();
	/* Short steps where there is something to send: what is due comes in small bursts. */
	while (app_pace(&pace, socket ? (double)STEP / 25 : (double)STEP)) {
		double seconds;

		if (to.port && !socket)
			socket = app_socket(0);
		now = app_now();
		if (now - begin >= duration)
			break;
		seconds = (double)(now - begin) / 1e9;
		cpu_now = fmin(value_at(&cpu, seconds), 100 * (double)cores);
		share = cpu_now / 100 / (double)cores;
		hold((size_t)fmin(value_at(&memory, seconds), MIB_MAX));
		network_now = socket ? value_at(&network, seconds) : 0;
		if (socket)
			send_due(socket, &owed, (double)(now - last) / 1e9);
		last = now;
	}
	used_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	printf("used %.3f s of processor in %.3f s, %zu MiB, sent %llu bytes\n",
	       (double)used_cpu_ns / 1e9, (double)(app_now() - begin) / 1e9, held, sent_bytes);
	return app_end();
}
