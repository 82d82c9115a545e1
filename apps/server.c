// SPDX-License-Identifier: GPL-2.0-or-later
/* server: answers requests with responses of the size that they ask for, or of its own choice. The
 * other end: client. */
#include <stdio.h>
#include <string.h>

#include "apps/common.h"
#include "apps/exchange.h"
#include "apps/random.h"

static uint16_t port = 80;
static struct random_dist length = {RANDOM_CONSTANT, 1000, 0};
static struct random rng;
static unsigned long long requests, wrong, datagrams, bytes;

static void report(void)
{
	vlsp_app_report("requests", "%llu", requests);
	vlsp_app_report("requests.wrong", "%llu", wrong);
	vlsp_app_report("datagrams", "%llu", datagrams);
	vlsp_app_report("bytes", "%llu", bytes);
}

static const struct app_option options[] = {
	{"[PORT]", NULL, "port to serve on (default 80)", parse_port, &port},
	{"-s", "DIST", "bytes of a response, if the request leaves that open (default 1000)",
	 parse_dist_bytes, &length},
	{0},
};
static const struct app app = {"server", "answers requests with responses of the size asked for",
			       options, report, NULL};

static void respond(struct vlsp_socket *socket, const struct exchange_part *first,
		    const struct vlsp_address *to)
{
	char data[EXCHANGE_HEAD + EXCHANGE_PART];
	struct exchange_part part = *first;

	memset(data, 'x', sizeof(data));
	do {
		uint64_t left = part.length - part.offset;
		size_t head = exchange_write_part(data, &part),
		       size = left < EXCHANGE_PART ? left : EXCHANGE_PART;

		data[head] = 'x'; /* where its NUL was */
		if (!app_send(socket, data, head + size, to))
			return;
		datagrams++;
		bytes += size;
		part.offset += size;
	} while (part.offset < part.length);
}

int main(int argc, char **argv)
{
	static char data[65536];
	struct vlsp_socket *socket;
	struct vlsp_info info;
	ssize_t got;

	app_start(&app, argc, argv);
	rng.state = random_seed();
	socket = app_socket(port);
	app_ready();
	while ((got = app_recv(socket, data, sizeof(data), &info, APP_FOREVER)) >= 0) {
		struct exchange_request request = {0};
		struct exchange_part part = {.status = 200};

		if (exchange_read_request(data, (size_t)got, &request)) {
			double wanted = request.length ? (double)request.length
						       : random_draw(&length, &rng);

			part.length = wanted < EXCHANGE_RESPONSE_MAX ? (uint64_t)wanted
								     : EXCHANGE_RESPONSE_MAX;
			requests++;
		} else {
			part.status = 400;
			wrong++;
			if (!exchange_is_answered(data, (size_t)got))
				continue;
		}
		part.id = request.id;
		respond(socket, &part, &info.from);
	}
	printf("answered %llu requests, %llu wrong; %llu datagrams, %llu bytes\n", requests, wrong,
	       datagrams, bytes);
	return app_end();
}
