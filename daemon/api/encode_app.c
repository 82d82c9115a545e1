// SPDX-License-Identifier: GPL-2.0-or-later
/* Applications in JSON. routerID, appID, appName, args, classname, starttime and runtime are the
 * original's. Called by app.c, events.c and encode_router.c. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon/api/app.h"
#include "daemon/api/encode.h"
#include "daemon/ctl/app.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define VALUES_MAX    64
#define FUNCTIONS_MAX 16

json_t *api_encode_app_ids(const struct model_router *router)
{
	json_t *list = json_array();
	const struct list *pos;

	list_for_each (pos, &router->apps)
		json_array_append_new(
			list, json_integer(list_entry(pos, struct model_app, of_router)->id));
	return list;
}

static json_t *args_text(const struct topo_app *app)
{
	json_t *json;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < app->arg_count; i++)
		fprintf(out, "%s%s", i ? " " : "", app->args[i]);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	json = api_any_text(text);
	free(text);
	return json;
}

/* How it ended last. */
static void put_status(json_t *json, int status)
{
	if (status >= 0 && WIFEXITED(status))
		json_object_set_new(json, "exit", json_integer(WEXITSTATUS(status)));
	else if (status >= 0 && WIFSIGNALED(status))
		json_object_set_new(json, "signal", json_integer(WTERMSIG(status)));
}

static void put_usage(struct api *api, json_t *json, const struct model_app *app)
{
	struct host_app_usage usage;
	json_t *object;

	if (ctl_app_usage(api->ctl, app, &usage) < 0)
		return;
	object = json_pack("{s:I}", "processes", (json_int_t)usage.processes);
	if (usage.has_cpu)
		json_object_update_new(
			object, json_pack("{s:f,s:f}", "cpuUser", (double)usage.cpu_user_us / 1e6,
					  "cpuSystem", (double)usage.cpu_system_us / 1e6));
	if (usage.has_memory)
		json_object_update_new(object,
				       json_pack("{s:I,s:I}", "memory", (json_int_t)usage.memory,
						 "memoryMax", (json_int_t)usage.memory_max));
	if (usage.has_net)
		json_object_update_new(object, json_pack("{s:I,s:I,s:I,s:I}", "rxPackets",
							 (json_int_t)usage.rx_packets, "rxBytes",
							 (json_int_t)usage.rx_bytes, "txPackets",
							 (json_int_t)usage.tx_packets, "txBytes",
							 (json_int_t)usage.tx_bytes));
	json_object_set_new(json, "usage", object);
}

static void put_values(struct api *api, json_t *json, const struct model_app *app)
{
	struct host_app_value values[VALUES_MAX];
	int count = ctl_app_values(api->ctl, app, values, VALUES_MAX);
	json_t *object = json_object();

	for (int i = 0; i < count && i < VALUES_MAX; i++)
		json_object_set_new(object, values[i].key, api_any_text(values[i].value));
	json_object_set_new(json, "values", object);
}

static void put_functions(struct api *api, json_t *json, const struct model_app *app)
{
	struct host_app_function list[FUNCTIONS_MAX];
	int count = ctl_app_functions(api->ctl, app, list, FUNCTIONS_MAX);
	json_t *array = json_array();

	for (int i = 0; i < count && i < FUNCTIONS_MAX; i++) {
		const struct host_app_function *f = &list[i];

		json_array_append_new(
			array,
			json_pack("{s:s,s:I,s:I,s:s,s:b,s:I,s:I,s:I,s:I,s:I}", "match", f->match,
				  "order", (json_int_t)f->order, "place", (json_int_t)f->place,
				  "policy", f->closed ? "closed" : "open", "dead", f->dead, "queue",
				  (json_int_t)f->queue, "packets", (json_int_t)f->packets, "bytes",
				  (json_int_t)f->bytes, "dropped", (json_int_t)f->dropped,
				  "skipped", (json_int_t)f->skipped));
	}
	if (count > 0)
		json_object_set(json, "functions", array);
	json_decref(array);
}

static void put_wanted(json_t *json, const struct topo_app *app)
{
	cleanup_free char *text = topo_app_text(app);
	json_t *wanted = text ? json_loads(text, 0, NULL) : NULL;

	json_object_set_new(json, "wanted", wanted ? wanted : json_null());
}

json_t *api_encode_app(struct api *api, const struct model_app *app, bool whole)
{
	const struct model_app_state *state = &app->state;
	uint64_t until = state->ended_ms >= state->started_ms && state->ended_ms ? state->ended_ms
										 : clock_wall_ms();
	char path[NAME_SIZE + 64];
	json_t *json;

	snprintf(path, sizeof(path), "/Router-%u/App/%s/%u", app->router->id, app->app->name,
		 app->aid);
	json = json_pack("{s:I,s:I,s:I,s:I,s:s,s:s,s:s,s:o,s:o,s:s,s:b,s:I,s:I,s:I,s:I,s:s,s:o}",
			 "id", (json_int_t)app->id, "appID", (json_int_t)app->id, "aid",
			 (json_int_t)app->aid, "routerID", (json_int_t)app->router->id, "router",
			 app->router->name, "name", app->app->name, "appName", path, "classname",
			 api_any_text(app->app->run), "args", args_text(app->app), "state",
			 model_app_phase_name(state->phase), "ready", state->ready, "pid",
			 (json_int_t)state->pid, "restarts", (json_int_t)state->restarts,
			 "starttime", (json_int_t)state->started_ms, "runtime",
			 (json_int_t)(state->started_ms ? until - state->started_ms : 0), "kind",
			 app->app->kind == TOPO_APP_BPF ? "bpf" : "program", "error",
			 api_any_text(state->text));
	if (!json)
		return NULL;
	put_status(json, state->status);
	if (whole) {
		put_usage(api, json, app);
		put_values(api, json, app);
		put_functions(api, json, app);
		put_wanted(json, app->app);
	}
	return json;
}
