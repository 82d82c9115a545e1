/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each application does alike: its command line, waiting for datagrams, its end by SIGTERM,
 *reports once a second, and settings while it runs (vlsp app set, or a datagram to its management
 *port).
 *
 *	int main(int argc, char **argv)
 *	{
 *		app_start(&app, argc, argv);
 *		socket = app_socket(port);
 *		app_ready();
 *		while ((got = app_recv(socket, data, sizeof(data), &info, APP_FOREVER)) >= 0)
 *			...
 *		return app_end();
 *	}
 */
#ifndef VLSP_APPS_COMMON_H
#define VLSP_APPS_COMMON_H

#include <stdbool.h>
#include <stdint.h>

#include <vlsp/vlsp.h>

#include "apps/parse.h"

struct app_option {
	const char
		*name; /* "-i"; "PORT": an argument by its place; "[PORT]": may be left out; "to" */
	const char *values; /* "TIME"; "N ADDR:PORT": two words; "WEIGHT...": all up to an option;
			       NULL: none */
	const char *help;
	parse_fn *parse; /* of each word; NULL: a flag, value is a bool */
	void *value;
};

struct app {
	const char *name, *summary;	  /* "echo", "answers every datagram" */
	const struct app_option *options; /* up to one without a name */
	void (*report)(void);		  /* vlsp_app_report() of what it counts; may be NULL */
	/* What can be set while it runs, by name ("to"); without help: not listed. NULL: nothing.
	 */
	const struct app_option *settings;
};

/* The option of applications that can be set. */
extern uint16_t app_management;
#define APP_MANAGEMENT                                                                             \
	{                                                                                          \
		"-m", "PORT", "port for settings by datagram (key=value or JSON)", parse_port,     \
			&app_management                                                            \
	}

/* Reads the command line: --help ends the process with 0, wrong usage with 2. */
void app_start(const struct app *app, int argc, char **argv);
/* A socket bound to this port of the router (0: any), or app_fail(). */
struct vlsp_socket *app_socket(uint16_t port);
/* It serves now: says so, and opens the management port. */
void app_ready(void);
/* Reports a last time; the exit status. */
int app_end(void);

/* "NAME: ARGUMENT: ..." and exit 2. */
void app_usage(const char *argument, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
/* "NAME: ...: what errno means" and exit 1. Of the network; files have words of their own. */
void app_fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
void app_fail_file(const char *path) __attribute__((noreturn));

#define APP_FOREVER UINT64_MAX

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t app_now(void);
/* Until fd (-1: none) is readable: 1; until that time: 0; until SIGTERM or SIGINT: -1. Settings and
 * reports are dealt with meanwhile. Does not wait for a time that has passed. */
int app_wait(int fd, uint64_t until_ns);
/* The next datagram; -1 with errno ETIMEDOUT (until_ns), or ECANCELED (SIGTERM). */
ssize_t app_recv(struct vlsp_socket *socket, void *data, size_t size, struct vlsp_info *ret_info,
		 uint64_t until_ns);

/* Sends one datagram (to NULL: connected). false: it could not go now (no route, refused, to port
 * 0, queue full), which is counted; what can never go ends the application. */
bool app_send(struct vlsp_socket *socket, const void *data, size_t size,
	      const struct vlsp_address *to);
extern uint64_t app_unsent; /* by app_send() */

/* Keeps a pace: when the next one is due, without drift. */
struct app_pace {
	uint64_t next_ns; /* 0: has not begun */
};
/* Waits for the turn, then puts the next one off by interval_ns. Who is more than 100 ms late does
 * not try to make up for it. false: the application ends. */
bool app_pace(struct app_pace *pace, double interval_ns);

#endif
