// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp status: whether the daemon answers, and how much runs. */
#include "cli/nouns.h"

#include <string.h>

#include "cli/print.h"
#include "cli/request.h"

static void print(FILE *out, const json_t *h)
{
	const char *store = json_string_value(json_object_get(h, "store"));
	const char *pace = body_text(json_object_get(h, "pace"), "warning");
	char up[40];

	fprintf(out, "vlspd       running: version %s, pid %lld, up %s\n", body_text(h, "version"),
		body_int(h, "pid"), print_ms((uint64_t)body_int(h, "uptime_ms"), up, sizeof(up)));
	fprintf(out, "instance    %s (%s)\n", body_text(h, "instance"), body_text(h, "runtimeDir"));
	fprintf(out, "routers     %lld: %lld running, %lld converged\n", body_int(h, "routers"),
		body_int(h, "routersRunning"), body_int(h, "routersConverged"));
	fprintf(out, "links       %lld: %lld up\n", body_int(h, "links"), body_int(h, "linksUp"));
	fprintf(out, "converged   %s\n", body_true(h, "converged") ? "yes" : "no");
	fprintf(out, "operations  %lld pending\n", body_int(h, "operationsPending"));
	if (store && *store)
		fprintf(out, "state       cannot be written, changes are refused: %s\n", store);
	if (strcmp(pace, "-") != 0)
		fprintf(out, "emulation   %s\n", pace);
}

static int run(struct cli *cli)
{
	struct answer answer;
	int rc;

	rc = request_json(cli, "GET", "/health", &answer);
	if (rc)
		return rc;
	if (!answer_print(cli, &answer))
		print(cli->out, answer.json);
	answer_done(&answer);
	return CLI_DONE;
}

static const struct cli_verb verbs[] = {
	{.name = "",
	 .help = "print whether the daemon runs, and what",
	 .flags = CLI_JSON,
	 .run = run},
	{0},
};

const struct cli_noun noun_status = {
	.name = "status",
	.help = "print whether the daemon runs, and what",
	.verbs = verbs,
};
