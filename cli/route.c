// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp route: the routing table of one router, as its neighbours made it. */
#include "cli/nouns.h"
#include "cli/print.h"
#include "cli/request.h"

#include "lib/base/cleanup.h"

static int show_print(FILE *out, const json_t *body)
{
	static const char *const heads[] = {"DESTINATION", "NAME",   "NEXT-HOP",
					    "VIA",	   "DEVICE", ">METRIC"};
	const json_t *routes = json_object_get(body, "routes");
	struct table table;

	table_start(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < json_array_size(routes); i++) {
		const json_t *r = json_array_get(routes, i);

		table_add(&table, "%s", body_text(r, "destination"));
		table_add(&table, "%s", body_text(r, "name"));
		table_add(&table, "%s", body_text(r, "nexthop"));
		table_add(&table, "%s", body_text(r, "nexthopName"));
		table_add(&table, "%s", body_text(r, "device"));
		table_add(&table, "%lld", body_int(r, "metric"));
	}
	return table_print(&table, out);
}

static int show_run(struct cli *cli)
{
	struct answer answer;
	struct path path;
	int rc;

	path_start(&path, "/router/", cli_arg(cli, 0));
	path_segment(&path, "/route/");
	rc = request_json(cli, "GET", path_done(&path), &answer);
	if (rc == 0) {
		if (!answer_print(cli, &answer) && show_print(cli->out, answer.json) < 0)
			rc = cli_fail(cli, "out of memory");
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

static const struct cli_verb verbs[] = {
	{
		.name = "show",
		.help = "print where a router sends what",
		.args = {{.name = "R",
			  .help = "a router's name, id or address",
			  .live = CLI_ROUTER}},
		.flags = CLI_JSON,
		.run = show_run,
	},
	{0},
};

const struct cli_noun noun_route = {
	.name = "route",
	.help = "Routing tables.",
	.verbs = verbs,
};
