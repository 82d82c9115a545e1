// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frame of an application: from its command line to its last report. One per process, called
 * from the application's main thread.
 */
#include "apps/common.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "apps/settings.h"

#define SECOND 1000000000ULL
#define CHECK  (SECOND / 20) /* how often a busy application looks at what else there is */
#define BUFFER (4 << 20)     /* for datagrams that wait while the application is not scheduled */
#define LATE   (SECOND / 10) /* of a pace */

static const struct app *app;
static volatile sig_atomic_t ending;
static int ending_fd = -1;   /* readable once ending */
static int settings_fd = -1; /* vlsp_app_fd() */
static uint64_t next_report, next_check;
static struct vlsp_socket *managed; /* the management port */

uint16_t app_management;
uint64_t app_unsent;

uint64_t app_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

void app_usage(const char *argument, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: %s%s", app->name, argument, *argument ? ": " : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (see %s --help)\n", app->name);
	exit(2);
}

void app_fail(const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	fprintf(stderr, "%s: ", app->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", vlsp_strerror(error));
	exit(1);
}

void app_fail_file(const char *path)
{
	fprintf(stderr, "%s: %s: %s\n", app->name, path, strerror(errno));
	exit(1);
}

/* --- the command line ----------------------------------------------------------------------- */

static void list(const struct app_option *o)
{
	char left[64];

	for (; o->name; o++) {
		snprintf(left, sizeof(left), "%s%s%s", o->name, o->values ? " " : "",
			 o->values ? o->values : "");
		if (o->help)
			printf("  %-20s %s\n", left, o->help);
	}
}

static void help(void)
{
	static const struct app_option last[] = {{"--help", NULL, "this text", NULL, NULL}, {0}};

	printf("usage: %s [OPTIONS]", app->name);
	for (const struct app_option *o = app->options; o->name; o++)
		if (o->name[0] != '-')
			printf(" %s", o->name);
	printf("\n%s\n\n", app->summary);
	list(app->options);
	list(last);
	if (app->settings) {
		printf("\nsettings while it runs:\n");
		list(app->settings);
	}
	exit(0);
}

static void take(const struct app_option *o, const char *text)
{
	const char *wanted = o->parse(text, o->value);

	if (wanted)
		app_usage(o->name, "'%s' is not %s", text, wanted);
}

/* The words behind an option; returns the index of the last one. */
static int take_values(const struct app_option *o, int i, int argc, char **argv)
{
	bool all = strstr(o->values, "...") != NULL;
	unsigned words = strchr(o->values, ' ') ? 2 : 1;

	for (unsigned n = 0; all || n < words; n++) {
		if (i + 1 == argc || (all && argv[i + 1][0] == '-')) {
			if (all && n > 0)
				break;
			app_usage(o->name, "%s is missing", o->values);
		}
		take(o, argv[++i]);
	}
	return i;
}

static const struct app_option *next_place(const struct app_option *o)
{
	while (o->name && o->name[0] == '-')
		o++;
	return o;
}

static void read_arguments(int argc, char **argv)
{
	const struct app_option *place = next_place(app->options), *o;
	bool options = true, many = false;

	for (int i = 1; i < argc; i++) {
		if (options && strcmp(argv[i], "--help") == 0)
			help();
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
			for (o = app->options; o->name && strcmp(o->name, argv[i]) != 0;)
				o++;
			if (!o->name)
				app_usage(argv[i], "there is no such option");
			if (o->parse)
				i = take_values(o, i, argc, argv);
			else
				*(bool *)o->value = true;
		} else {
			if (!place->name)
				app_usage(argv[i], "one argument too many");
			take(place, argv[i]);
			if (!strstr(place->name, "..."))
				place = next_place(place + 1);
			else
				many = true;
		}
	}
	if (place->name && place->name[0] != '[' && !many)
		app_usage(place->name, "is missing");
}

/* --- what happens meanwhile ----------------------------------------------------------------- */

/* The text says what is wrong; it is good until the next one. */
static const char *set(void *unused, const char *key, const char *value)
{
	static const struct app_option none = {0};
	const struct app_option *o = app->settings ? app->settings : &none;
	static char text[512];
	const char *wanted;

	(void)unused;
	while (o->name && strcmp(o->name, key) != 0)
		o++;
	wanted = o->name ? o->parse(value, o->value) : NULL;
	if (o->name && !wanted) {
		printf("set %s=%s\n", key, value);
		next_report = 0; /* it may be in the reports */
		return NULL;
	}
	if (wanted)
		snprintf(text, sizeof(text), "%s: '%s' is not %s", key, value, wanted);
	else
		snprintf(text, sizeof(text), "%s: there is no such setting", key);
	fprintf(stderr, "%s: %s\n", app->name, text);
	return text;
}

static void read_settings(void)
{
	char key[33], value[201];
	int got;

	while ((got = vlsp_app_next(key, value)) == 1)
		set(NULL, key, value);
	if (got < 0) /* what started it has gone: nobody sets anything any more */
		settings_fd = -1;
}

static void read_management(void)
{
	char text[1500], answer[600];
	struct vlsp_info info;
	ssize_t got = vlsp_recv(managed, text, sizeof(text) - 1, &info);
	const char *wrong;

	if (got < 0)
		return;
	text[got] = '\0';
	if (settings_is_answer(text))
		return;
	wrong = settings_read(text, set, NULL);
	snprintf(answer, sizeof(answer), wrong ? SETTINGS_WRONG "%s\n" : SETTINGS_OK, wrong);
	app_send(managed, answer, strlen(answer), &info.from);
}

static void report(void)
{
	next_report = app_now() + SECOND;
	if (app_unsent)
		vlsp_app_report("unsent", "%llu", (unsigned long long)app_unsent);
	app->report();
}

int app_wait(int fd, uint64_t until_ns)
{
	struct pollfd fds[] = {
		{.fd = fd, .events = POLLIN},
		{.fd = ending_fd, .events = POLLIN},
		{.fd = settings_fd, .events = POLLIN},
		{.fd = managed ? vlsp_socket_fd(managed) : -1, .events = POLLIN},
	};

	for (;;) {
		uint64_t now = app_now(), wake = until_ns;
		struct timespec ts = {0};

		next_check = now + CHECK;
		if (app->report && now >= next_report)
			report();
		if (app->report && next_report < wake)
			wake = next_report;
		if (wake > now) {
			ts.tv_sec = (time_t)((wake - now) / SECOND);
			ts.tv_nsec = (long)((wake - now) % SECOND);
		}
		fds[2].fd = settings_fd;
		if (ppoll(fds, 4, wake == APP_FOREVER ? NULL : &ts, NULL) < 0) {
			if (errno != EINTR)
				app_fail("cannot wait");
			continue;
		}
		if (fds[1].revents)
			return -1;
		if (fds[2].revents)
			read_settings();
		if (fds[3].revents)
			read_management();
		if (fds[0].revents)
			return 1;
		if (app_now() >= until_ns)
			return 0;
	}
}

/* Of this datagram, not of the socket. */
static bool transient(int error)
{
	return error == ENETUNREACH || error == EHOSTUNREACH || error == ECONNREFUSED ||
	       error == ENOBUFS || error == EAGAIN || error == EINTR || error == EPERM;
}

ssize_t app_recv(struct vlsp_socket *socket, void *data, size_t size, struct vlsp_info *ret_info,
		 uint64_t until_ns)
{
	for (;;) {
		/* Also where one datagram follows the other. */
		int ready = !ending && app_now() < next_check ? 0 : app_wait(-1, 0);
		ssize_t got;

		if (ready == 0) {
			got = vlsp_recv(socket, data, size, ret_info);
			if (got >= 0)
				return got;
			if (errno == EAGAIN)
				ready = app_wait(vlsp_socket_fd(socket), until_ns);
			else if (transient(errno))
				continue;
			else
				app_fail("cannot receive");
		}
		if (ready <= 0) {
			errno = ready < 0 ? ECANCELED : ETIMEDOUT;
			return -1;
		}
	}
}

bool app_send(struct vlsp_socket *socket, const void *data, size_t size,
	      const struct vlsp_address *to)
{
	ssize_t sent;

	/* Who sends from port 0 (RFC 768: no reply wanted) cannot be answered; that is no error of
	 * ours, as an address without a port would be otherwise. */
	if (to && !to->port) {
		app_unsent++;
		return false;
	}
	sent = to ? vlsp_sendto(socket, data, size, to) : vlsp_send(socket, data, size);
	if (sent >= 0)
		return true;
	if (!transient(errno))
		app_fail("cannot send %zu bytes", size);
	app_unsent++;
	return false;
}

bool app_pace(struct app_pace *pace, double interval_ns)
{
	uint64_t now = app_now();

	if (pace->next_ns == 0 || pace->next_ns + LATE < now)
		pace->next_ns = now;
	if ((pace->next_ns > now || now >= next_check || ending) && app_wait(-1, pace->next_ns) < 0)
		return false;
	pace->next_ns += interval_ns > 0 ? (uint64_t)interval_ns : 0;
	return true;
}

/* --- beginning and end ---------------------------------------------------------------------- */

static void on_end(int number)
{
	int error = errno;

	(void)number;
	ending = 1;
	eventfd_write(ending_fd, 1);
	errno = error;
}

void app_start(const struct app *the_app, int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_end, .sa_flags = SA_RESTART};

	app = the_app;
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_arguments(argc, argv);
	ending_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ending_fd < 0 || sigaction(SIGTERM, &action, NULL) < 0 ||
	    sigaction(SIGINT, &action, NULL) < 0)
		app_fail("cannot prepare for signals");
	settings_fd = vlsp_app_fd();
}

struct vlsp_socket *app_socket(uint16_t port)
{
	struct vlsp_address local = {.port = port};
	struct vlsp_socket *socket = vlsp_socket_open();

	if (!socket)
		app_fail("cannot open a socket");
	if (vlsp_bind(socket, &local) < 0)
		app_fail("cannot bind to port %u", port);
	/* The kernel gives as much as it may: net.core.rmem_max. */
	if (vlsp_set(socket, VLSP_TIMEOUT, 0) < 0 || vlsp_set(socket, VLSP_RCVBUF, BUFFER) < 0)
		app_fail("cannot set up a socket");
	return socket;
}

void app_ready(void)
{
	if (app_management)
		managed = app_socket(app_management);
	if (vlsp_app_ready() < 0 && errno != ENOTCONN)
		app_fail("cannot say that it is ready");
}

int app_end(void)
{
	if (app->report)
		report();
	if (fflush(stdout) != 0 || ferror(stdout))
		app_fail("cannot write to standard output");
	return 0;
}
