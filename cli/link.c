// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp link: links between two routers. A link is named by its id, its name or A:B. */
#include "cli/nouns.h"

#include <string.h>

#include "cli/print.h"
#include "cli/request.h"
#include "lib/base/cleanup.h"
#include "lib/topo/doc.h"

/* The shape that was asked for, as parameters. The daemon checks again; here a wrong word is wrong
 * usage and needs no daemon. 0 or the exit code; *ret_some: there are any. */
static int shape_query(struct cli *cli, struct path *path, bool *ret_some)
{
	struct topo_shape shape = {0};
	bool some = false;
	const char *key;
	struct err err;

	for (size_t i = 0; (key = topo_shape_key(i)); i++) {
		const char *value = cli_text(cli, key);

		if (value && topo_shape_parse(&shape, key, value, &err) < 0)
			return cli_usage(cli, "--%s", err.text);
		path_query(path, key, value);
		some |= value != NULL;
	}
	*ret_some = some;
	return 0;
}

static int add_run(struct cli *cli)
{
	struct answer answer;
	struct path path;
	bool shaped;
	int rc;

	path_start(&path, "/link/", NULL);
	path_query(&path, "router1", cli_arg(cli, 0));
	path_query(&path, "router2", cli_arg(cli, 1));
	path_query(&path, "weight", cli_text(cli, "weight"));
	path_query(&path, "linkName", cli_text(cli, "name"));
	rc = shape_query(cli, &path, &shaped);
	if (rc == 0)
		rc = request_json(cli, "POST", path_done(&path), &answer);
	if (rc == 0) {
		answer_warnings(cli, &answer);
		if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
			fprintf(cli->out, "link %s: id %lld, weight %lld\n",
				body_text(answer.json, "linkName"), body_int(answer.json, "linkID"),
				body_int(answer.json, "weight"));
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

/* The i-th of an array of texts, like "names" and "devices". */
static const char *nth(const json_t *link, const char *key, size_t i)
{
	const char *text = json_string_value(json_array_get(json_object_get(link, key), i));

	return text ? text : "-";
}

/* The state as asked for, and "unheard" for a link that is up while an end does not hear the other.
 */
static const char *state_text(const json_t *link)
{
	const json_t *oper = json_object_get(link, "oper");
	const char *state = body_text(link, "state");

	if (strcmp(state, "up") == 0 &&
	    (json_is_false(json_array_get(oper, 0)) || json_is_false(json_array_get(oper, 1))))
		return "unheard";
	return state;
}

static int list_print(FILE *out, const json_t *body)
{
	static const char *const heads[] = {"ID", "NAME", "A", "B", ">WEIGHT", "STATE", "SHAPE"};
	const json_t *list = json_object_get(body, "detail");
	struct table table;
	char shape[PRINT_SHAPE_SIZE];

	table_start(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *l = json_array_get(list, i);

		table_add(&table, "%lld", body_int(l, "linkID"));
		table_add(&table, "%s", body_text(l, "name"));
		table_add(&table, "%s", nth(l, "names", 0));
		table_add(&table, "%s", nth(l, "names", 1));
		table_add(&table, "%lld", body_int(l, "weight"));
		table_add(&table, "%s", state_text(l));
		table_add(&table, "%s", print_shape(l, shape, sizeof(shape)));
	}
	return table_print(&table, out);
}

static int list_run(struct cli *cli)
{
	struct answer answer;
	int rc;

	rc = request_json(cli, "GET", "/link/?detail=all", &answer);
	if (rc)
		return rc;
	if (!answer_print(cli, &answer) && list_print(cli->out, answer.json) < 0)
		rc = cli_fail(cli, "out of memory");
	answer_done(&answer);
	return rc;
}

/* Of the direction that starts at the i-th end: shape, what emulates it, and how that goes. */
static void direction_print(FILE *out, const json_t *l, size_t i, const char *label)
{
	const char *key = i == 0 ? "a-to-b" : "b-to-a";
	const char *by = body_text(json_object_get(l, "backends"), key);
	char buf[PRINT_SHAPE_SIZE];

	fprintf(out, "%-7s %s to %s: %s\n", label, nth(l, "names", i), nth(l, "names", !i),
		print_direction(json_object_get(json_object_get(l, "shape"), key), buf,
				sizeof(buf)));
	if (strcmp(by, "-") != 0)
		fprintf(out, "        by %s\n", by);
	print_line(json_array_get(json_object_get(l, "emulation"), i), buf, sizeof(buf));
	if (buf[0])
		fprintf(out, "        %s\n", buf);
}

static int show_print(FILE *out, const json_t *l)
{
	static const char *const heads[] = {"END",	 "DEVICE",	"HEARS",     ">RX-PACKETS",
					    ">RX-BYTES", ">TX-PACKETS", ">TX-BYTES", "DROPS"};
	const json_t *counts = json_object_get(l, "counts"), *oper = json_object_get(l, "oper");
	struct table table;
	char buf[420];

	fprintf(out, "link    %s\n", body_text(l, "name"));
	fprintf(out, "id      %lld\n", body_int(l, "linkID"));
	fprintf(out, "state   %s\n", state_text(l));
	fprintf(out, "weight  %lld\n", body_int(l, "weight"));
	direction_print(out, l, 0, "shape");
	direction_print(out, l, 1, "");
	fputc('\n', out);
	table_start(&table, heads, ARRAY_SIZE(heads));
	for (size_t i = 0; i < 2; i++) {
		const json_t *c = json_array_get(counts, i);

		table_add(&table, "%s", nth(l, "names", i));
		table_add(&table, "%s", nth(l, "devices", i));
		table_add(&table, "%s", json_is_true(json_array_get(oper, i)) ? "yes" : "no");
		table_add(&table, "%lld", body_int(c, "rx_packets"));
		table_add(&table, "%lld", body_int(c, "rx_bytes"));
		table_add(&table, "%lld", body_int(c, "tx_packets"));
		table_add(&table, "%lld", body_int(c, "tx_bytes"));
		table_add(&table, "%s", print_drops(c, buf, sizeof(buf)));
	}
	return table_print(&table, out);
}

static int show_run(struct cli *cli)
{
	struct answer answer;
	struct path path;
	int rc;

	path_start(&path, "/link/", cli_arg(cli, 0));
	rc = request_record(cli, path_done(&path), "link", cli_arg(cli, 0), &answer);
	if (rc == 0) {
		if (!answer_print(cli, &answer) && show_print(cli->out, answer.json) < 0)
			rc = cli_fail(cli, "out of memory");
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

/* Sends what path asks for; says what the link is now. Takes path. */
static int put(struct cli *cli, struct path *path, bool shaped)
{
	char shape[PRINT_SHAPE_SIZE];
	struct answer answer;
	int rc = request_json(cli, "PUT", path_done(path), &answer);

	if (rc == 0) {
		if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
			fprintf(cli->out, "link %s: %s, weight %lld%s%s\n",
				body_text(answer.json, "name"), body_text(answer.json, "state"),
				body_int(answer.json, "weight"), shaped ? ", shape " : "",
				shaped ? print_shape(answer.json, shape, sizeof(shape)) : "");
		answer_done(&answer);
	}
	path_free(path);
	return rc;
}

static int set_run(struct cli *cli)
{
	struct path path;
	bool shaped;
	int rc;

	path_start(&path, "/link/", cli_arg(cli, 0));
	path_query(&path, "weight", cli_text(cli, "weight"));
	rc = shape_query(cli, &path, &shaped);
	if (rc == 0 && !shaped && cli_given(cli, "from"))
		rc = cli_usage(cli, "--from: there is no property of the shape with it");
	else if (rc == 0 && !shaped && !cli_given(cli, "weight"))
		rc = cli_usage(cli, "'link set' needs something to set: --weight N, --rate RATE "
				    "... (see 'vlsp link set --help')");
	if (rc) {
		path_done(&path);
		path_free(&path);
		return rc;
	}
	path_query(&path, "from", cli_text(cli, "from"));
	return put(cli, &path, shaped);
}

static int put_state(struct cli *cli, const char *state)
{
	struct path path;

	path_start(&path, "/link/", cli_arg(cli, 0));
	path_query(&path, "state", state);
	return put(cli, &path, false);
}

static int up_run(struct cli *cli)
{
	return put_state(cli, "up");
}

static int down_run(struct cli *cli)
{
	return put_state(cli, cli_given(cli, "silent") ? "silent" : "down");
}

static int delete_run(struct cli *cli)
{
	struct answer answer;
	struct path path;
	int rc;

	path_start(&path, "/link/", cli_arg(cli, 0));
	rc = request_json(cli, "DELETE", path_done(&path), &answer);
	if (rc == 0) {
		if (!answer_print(cli, &answer) && !cli_given(cli, "quiet"))
			fprintf(cli->out, "link %s: deleted\n", body_text(answer.json, "linkName"));
		answer_done(&answer);
	}
	path_free(&path);
	return rc;
}

#define WEIGHT                                                                                     \
	{                                                                                          \
		.name = "weight", .value = "N", .type = CLI_INT, .min = 1, .max = TOPO_WEIGHT_MAX, \
		.help = "cost in routing, 1 to 65535"                                              \
	}

#define PROPERTY(n, v, h)                                                                          \
	{                                                                                          \
		.name = n, .value = v, .type = CLI_TEXT, .help = h                                 \
	}
/* Those of topo_shape_key(). */
#define SHAPE                                                                                      \
	PROPERTY("rate", "RATE", "like 10mbit"), PROPERTY("delay", "TIME", "one way, like 20ms"),  \
		PROPERTY("jitter", "TIME", "like 2ms; not more than the delay"),                   \
		PROPERTY("distribution", "D",                                                      \
			 "of the jitter: uniform, normal, pareto or paretonormal"),                \
		PROPERTY("loss", "P", "like 1%"),                                                  \
		PROPERTY("burst", "N", "mean length of a burst of losses, in packets"),            \
		PROPERTY("burst-loss", "P", "lost within a burst, like 50%; default: all"),        \
		PROPERTY("duplicate", "P", "like 0.1%"), PROPERTY("corrupt", "P", "like 0.01%"),   \
		PROPERTY("reorder", "P", "like 1%"),                                               \
		PROPERTY("order", "O", "keep: jitter does not reorder; default: free"),            \
		PROPERTY("limit", "N", "length of the queue, like 100p"),                          \
		PROPERTY("overhead", "N", "bytes that rate counts with each frame, like 24"),      \
		PROPERTY("seed", "N", "of what is random"),                                        \
		PROPERTY("backend", "B", "what emulates it: auto, tc, bpf, relay or kmod")

static const struct cli_option add_options[] = {
	WEIGHT,
	{.name = "name",
	 .value = "NAME",
	 .type = CLI_TEXT,
	 .help = "default: A-B, and A-B.2 for the second between the same two"},
	SHAPE,
	{0},
};
static const struct cli_option set_options[] = {
	WEIGHT,
	SHAPE,
	{.name = "from",
	 .value = "A",
	 .type = CLI_TEXT,
	 .help = "an end: the shape of the direction that starts there only",
	 .live = CLI_ROUTER},
	{0},
};
static const struct cli_option down_options[] = {
	{.name = "silent", .help = "frames vanish while the carrier stays"},
	{0},
};

#define ROUTER(n)                                                                                  \
	{                                                                                          \
		.name = n, .help = "a router's name, id or address", .live = CLI_ROUTER            \
	}
#define LINK                                                                                       \
	{                                                                                          \
		.name = "L", .help = "a link's id, its name, or A:B", .live = CLI_LINK             \
	}

static const struct cli_verb verbs[] = {
	{
		.name = "add",
		.help = "make a link between two routers",
		.more = "The shape (rate to backend) is of both directions; 'vlsp link set' "
			"changes "
			"it.",
		.args = {ROUTER("A"), ROUTER("B")},
		.options = add_options,
		.flags = CLI_JSON,
		.run = add_run,
	},
	{.name = "list", .help = "print all links", .flags = CLI_JSON, .run = list_run},
	{
		.name = "show",
		.help = "print one link, its shape, and the counters of both ends",
		.args = {LINK},
		.flags = CLI_JSON,
		.run = show_run,
	},
	{
		.name = "set",
		.help = "change a link's weight or shape: what is named, the rest stays",
		.more = "Without --from the shape (rate to backend) is of both directions. The "
			"value "
			"none takes a\n"
			"property away.",
		.args = {LINK},
		.options = set_options,
		.flags = CLI_JSON,
		.run = set_run,
	},
	{.name = "up", .help = "end a down", .args = {LINK}, .flags = CLI_JSON, .run = up_run},
	{
		.name = "down",
		.help = "take the carrier from both ends, or with --silent drop every frame",
		.args = {LINK},
		.options = down_options,
		.flags = CLI_JSON,
		.run = down_run,
	},
	{
		.name = "delete",
		.help = "remove a link",
		.args = {LINK},
		.flags = CLI_JSON,
		.run = delete_run,
	},
	{0},
};

const struct cli_noun noun_link = {
	.name = "link",
	.help = "Links between two routers: add, list, change, take up and down, delete.",
	.verbs = verbs,
};
