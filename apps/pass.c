// SPDX-License-Identifier: GPL-2.0-or-later
/* pass: passes every datagram as it is. The smallest function, and a measure of all of them. */
#include "apps/fn.h"

static const struct app_option options[] = {FN_MATCH, FN_OPTIONS, {0}};
static const struct app app = {"pass", "passes every datagram as it is", options, fn_report, NULL};

int main(int argc, char **argv)
{
	struct vlsp_packet packet;

	app_start(&app, argc, argv);
	fn_open(NULL);
	app_ready();
	while (fn_next(&packet, NULL))
		fn_pass(&packet);
	return app_end();
}
