// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp router: add, list, show, delete, stats; exec and shell are in router_exec.c. */
#include "cli/nouns.h"
#include "cli/print.h"
#include "cli/request.h"

#include "lib/base/cleanup.h"

static int out_of_memory(const struct cli *cli, int r)
{
	return r < 0 ? cli_fail(cli, "out of memory") : CLI_DONE;
}

static int add_run(struct cli *cli)
{
	struct answer answer;
	struct path path;
	int rc;

	path_start(&path, "/router/", NULL);
	path_query(&path, "name", cli_arg(cli, 0));
	path_query(&path, "address", cli_text(cli, "address"));
	path_query(&path, "memory", cli_text(cli, "memory"));
	path_query(&path, "cpu", cli_text(cli, "cpu"));
	path_query(&path, "pids", cli_text(cli, "pids"));
	rc = request_json(cli, "POST", path_done(&path), &answer);
	if (rc == 0) {
		if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
			fprintf(cli->out, "router %s: id %lld, address %s\n",
				body_text(answer.json, "name"), body_int(answer.json, "routerID"),
				body_text(answer.json, "address"));
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

static int set_run(struct cli *cli)
{
	static const char *const keys[] = {"memory", "cpu", "pids"};
	struct answer answer;
	struct path path;
	bool any = false;
	int rc;

	path_start(&path, "/router/", cli_arg(cli, 0));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		path_query(&path, keys[i], cli_text(cli, keys[i]));
		any |= cli_given(cli, keys[i]);
	}
	if (any)
		rc = request_json(cli, "PUT", path_done(&path), &answer);
	else
		rc = cli_usage(cli, "'router set' needs something to set: --memory, --cpu, --pids");
	if (rc == 0) {
		if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
			fprintf(cli->out, "router %s: changed\n", body_text(answer.json, "name"));
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

static int list_print(FILE *out, const json_t *body)
{
	static const char *const heads[] = {"ID",     "NAME",	    "ADDRESS", "STATE",
					    ">LINKS", ">REACHABLE", ">PID"};
	const json_t *list = json_object_get(body, "detail");
	struct table table;

	table_start(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);

		table_add(&table, "%lld", body_int(r, "routerID"));
		table_add(&table, "%s", body_text(r, "name"));
		table_add(&table, "%s", body_text(r, "address"));
		table_add(&table, "%s", body_text(r, "state"));
		table_add(&table, "%zu", json_array_size(json_object_get(r, "linkIDs")));
		table_add(&table, "%lld", body_int(r, "reachable"));
		table_add(&table, "%lld", body_int(r, "pid"));
	}
	return table_print(&table, out);
}

static int list_run(struct cli *cli)
{
	struct answer answer;
	int rc;

	rc = request_json(cli, "GET", "/router/?detail=all", &answer);
	if (rc)
		return rc;
	if (!answer_print(cli, &answer))
		rc = out_of_memory(cli, list_print(cli->out, answer.json));
	answer_done(&answer);
	return rc;
}

static void show_limits(FILE *out, const json_t *limits)
{
	if (!limits)
		return;
	fprintf(out, "limits    ");
	if (json_object_get(limits, "memory"))
		fprintf(out, " memory %s", body_text(limits, "memory"));
	if (json_object_get(limits, "cpu"))
		fprintf(out, " cpu %s", body_text(limits, "cpu"));
	if (json_object_get(limits, "pids"))
		fprintf(out, " pids %lld", body_int(limits, "pids"));
	fputc('\n', out);
}

static int show_print(FILE *out, const json_t *r)
{
	static const char *const heads[] = {"LINK", "NAME", "DEVICE", ">WEIGHT"};
	const json_t *links = json_object_get(r, "linkDetail");
	struct table table;

	fprintf(out, "router     %s\n", body_text(r, "name"));
	fprintf(out, "id         %lld\n", body_int(r, "routerID"));
	fprintf(out, "address    %s\n", body_text(r, "address"));
	fprintf(out, "state      %s\n", body_text(r, "state"));
	fprintf(out, "reachable  %lld router%s\n", body_int(r, "reachable"),
		body_int(r, "reachable") == 1 ? "" : "s");
	fprintf(out, "host       %s\n", body_text(r, "host"));
	fprintf(out, "pid        %lld\n", body_int(r, "pid"));
	fprintf(out, "namespace  %s\n", body_text(r, "netns"));
	if (json_is_string(json_object_get(r, "label")))
		fprintf(out, "label      %s\n", body_text(r, "label"));
	show_limits(out, json_object_get(r, "limits"));
	if (json_is_number(json_object_get(r, "latitude")))
		fprintf(out, "position   %.4f %.4f\n",
			json_number_value(json_object_get(r, "latitude")),
			json_number_value(json_object_get(r, "longitude")));
	if (json_array_size(json_object_get(r, "interfaces"))) {
		fputc('\n', out);
		if (router_interfaces_print(out, json_object_get(r, "interfaces")) < 0)
			return -ENOMEM;
	}
	if (json_array_size(links) == 0)
		return 0;
	fputc('\n', out);
	table_start(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < json_array_size(links); i++) {
		const json_t *l = json_array_get(links, i);

		table_add(&table, "%lld", body_int(l, "id"));
		table_add(&table, "%s", body_text(l, "name"));
		table_add(&table, "%s", body_text(l, "device"));
		table_add(&table, "%lld", body_int(l, "weight"));
	}
	return table_print(&table, out);
}

/* GET of something below one router, printed by print. */
static int get_run(struct cli *cli, const char *below, int (*print)(FILE *out, const json_t *body))
{
	struct answer answer;
	struct path path;
	int rc;

	path_start(&path, "/router/", cli_arg(cli, 0));
	path_segment(&path, below);
	rc = request_record(cli, path_done(&path), "router", cli_arg(cli, 0), &answer);
	if (rc == 0) {
		if (!answer_print(cli, &answer))
			rc = out_of_memory(cli, print(cli->out, answer.json));
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

static int show_run(struct cli *cli)
{
	return get_run(cli, "", show_print);
}

static void stats_row(struct table *table, const char *link, const char *device,
		      const json_t *counts)
{
	char drops[300];

	table_add(table, "%s", link);
	table_add(table, "%s", device);
	table_add(table, "%lld", body_int(counts, "rx_packets"));
	table_add(table, "%lld", body_int(counts, "rx_bytes"));
	table_add(table, "%lld", body_int(counts, "tx_packets"));
	table_add(table, "%lld", body_int(counts, "tx_bytes"));
	table_add(table, "%s", print_drops(counts, drops, sizeof(drops)));
}

static int stats_print(FILE *out, const json_t *body)
{
	static const char *const heads[] = {"LINK",	   "DEVICE",	">RX-PACKETS", ">RX-BYTES",
					    ">TX-PACKETS", ">TX-BYTES", "DROPS"};
	const json_t *links = json_object_get(body, "links");
	struct table table;

	table_start(&table, heads, ARRAY_SIZE(heads));
	stats_row(&table, "(edge)", "-", json_object_get(body, "edge"));
	for (size_t i = 0; i < json_array_size(links); i++) {
		const json_t *l = json_array_get(links, i);

		stats_row(&table, body_text(l, "name"), body_text(l, "device"),
			  json_object_get(l, "counts"));
	}
	return table_print(&table, out);
}

static int stats_run(struct cli *cli)
{
	return get_run(cli, "/stats", stats_print);
}

static int delete_run(struct cli *cli)
{
	struct answer answer;
	struct path path;
	int rc;

	path_start(&path, "/router/", cli_arg(cli, 0));
	rc = request_json(cli, "DELETE", path_done(&path), &answer);
	if (rc == 0) {
		if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
			fprintf(cli->out, "router %s: deleted\n", body_text(answer.json, "name"));
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

#define LIMITS                                                                                     \
	{.name = "memory",                                                                         \
	 .value = "SIZE",                                                                          \
	 .type = CLI_TEXT,                                                                         \
	 .help = "that applications may use, like 256M (default: 512M)"},                          \
		{.name = "cpu",                                                                    \
		 .value = "PERCENT",                                                               \
		 .type = CLI_TEXT,                                                                 \
		 .help = "of one processor, for applications, like 50% (default: 100%)"},          \
	{                                                                                          \
		.name = "pids", .value = "N", .type = CLI_TEXT,                                    \
		.help = "processes and threads of applications (default: 256)"                     \
	}
static const struct cli_option add_options[] = {
	{.name = "address",
	 .value = "A",
	 .type = CLI_TEXT,
	 .help = "its IPv4 address (default: the next free one)"},
	LIMITS,
	{0},
};
static const struct cli_option set_options[] = {LIMITS, {0}};

static const struct cli_option app_options[] = {
	{.name = "app",
	 .help = "as an application: a user of its own, without rights, within the router's "
		 "limits"},
	{0},
};

#define ROUTER                                                                                     \
	{                                                                                          \
		.name = "R", .help = "a router's name, id or address", .live = CLI_ROUTER          \
	}

static const struct cli_verb verbs[] = {
	{
		.name = "add",
		.help = "make a router",
		.args = {{.name = "NAME",
			  .help = "1 to 63 of A-Z a-z 0-9 . _ - (default: Router-ID)",
			  .optional = true}},
		.options = add_options,
		.flags = CLI_JSON,
		.run = add_run,
	},
	{.name = "list", .help = "print all routers", .flags = CLI_JSON, .run = list_run},
	{
		.name = "show",
		.help = "print one router and its links",
		.args = {ROUTER},
		.flags = CLI_JSON,
		.run = show_run,
	},
	{
		.name = "set",
		.help = "change what applications on a router may use",
		.args = {ROUTER},
		.options = set_options,
		.flags = CLI_JSON,
		.run = set_run,
	},
	{
		.name = "delete",
		.help = "remove a router and its links",
		.args = {ROUTER},
		.flags = CLI_JSON,
		.run = delete_run,
	},
	{
		.name = "exec",
		.help = "run a command in a router's network; its exit status is passed on",
		.more = "The command sees the router's devices only (/sys too), and router names "
			"resolve:\n"
			"vlsp router exec r1 -- ping r5. Needs root. 127: no such command; 126: it "
			"cannot be run.\n"
			"It is root's, unless --app makes it an application (vlsp router exec "
			"--app r1 "
			"-- CMD): with\n"
			"an empty /tmp of its own, without raw sockets, sees no processes but its "
			"own; "
			"128 + N: ended\n"
			"by signal N.",
		.options = app_options,
		.args = {ROUTER,
			 {.name = "CMD",
			  .help = "the command and its arguments; put -- in front of it",
			  .live = CLI_COMMAND,
			  .many = true}},
		.flags = CLI_REST,
		.run = router_exec_run,
	},
	{
		.name = "shell",
		.help = "run $SHELL in a router's network, the router's name in its prompt",
		.options = app_options,
		.args = {ROUTER},
		.run = router_shell_run,
	},
	{
		.name = "attach",
		.help = "give a router an interface of the host, so that real devices take part",
		.more = "move: the device itself goes to the router, and comes back by 'detach', "
			"with the\n"
			"addresses that it had (its routes are lost). macvlan: the router gets a "
			"device of\n"
			"its own on it, with another MAC address. bridge: IFACE is a bridge of the "
			"host;\n"
			"a cable leads from it to the router. tap: a TAP device IFACE is made on "
			"the host,\n"
			"for a virtual machine: qemu -netdev tap,ifname=IFACE,script=no.\n"
			"What carries the host's default route, or is in use, needs --force.",
		.options = router_attach_options,
		.args = {ROUTER,
			 {.name = "IFACE",
			  .help = "a network interface of the host",
			  .live = CLI_DEVICE}},
		.flags = CLI_JSON,
		.run = router_attach_run,
	},
	{
		.name = "detach",
		.help = "give an interface back to the host",
		.args = {ROUTER,
			 {.name = "IFACE", .help = "its name on the router, or on the host"}},
		.flags = CLI_JSON,
		.run = router_detach_run,
	},
	{
		.name = "interfaces",
		.help = "print the interfaces of the host that a router has",
		.args = {ROUTER},
		.flags = CLI_JSON,
		.run = router_interfaces_run,
	},
	{
		.name = "stats",
		.help = "print packets, bytes and drops by cause of each of a router's links",
		.args = {ROUTER},
		.flags = CLI_JSON,
		.run = stats_run,
	},
	{0},
};

const struct cli_noun noun_router = {
	.name = "router",
	.help = "Routers: add, list, look into, run commands on, delete.",
	.verbs = verbs,
};
