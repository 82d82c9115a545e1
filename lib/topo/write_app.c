// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applications as a map on one line, of JSON or of YAML: for export, for the store, for requests
 * and answers. What has its default is left out.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/codec/base64.h"
#include "lib/topo/text_priv.h"
#include "lib/topo/units.h"

#define KEY_SIMPLE 128 /* well below the 1024 that YAML takes, escapes included */

struct map {
	struct topo_text *out;
	bool yaml, open; /* open: something stands in it */
};

static struct map map_begin(struct topo_text *out, bool yaml)
{
	topo_text_add(out, "{");
	return (struct map){.out = out, .yaml = yaml};
}

static void put_value(const struct map *map, const char *text)
{
	if (map->yaml)
		topo_text_yaml(map->out, text);
	else
		topo_text_quote(map->out, text);
}

static void put_key(struct map *map, const char *key)
{
	topo_text_add(map->out, map->open ? ", " : "");
	if (map->yaml && strlen(key) > KEY_SIMPLE) /* a setting's name */
		topo_text_add(map->out, "? ");
	put_value(map, key);
	topo_text_add(map->out, ": ");
	map->open = true;
}

static void put_text(struct map *map, const char *key, const char *text)
{
	if (!text)
		return;
	put_key(map, key);
	put_value(map, text);
}

static void put_list(struct map *map, const char *key, char *const *texts, size_t count)
{
	if (!count)
		return;
	put_key(map, key);
	for (size_t i = 0; i < count; i++) {
		topo_text_add(map->out, i ? ", " : "[");
		put_value(map, texts[i]);
	}
	topo_text_add(map->out, "]");
}

static void put_env(struct map *map, const struct topo_app *app)
{
	struct map inner;

	if (!app->env_count)
		return;
	put_key(map, "env");
	inner = map_begin(map->out, map->yaml);
	for (size_t i = 0; i < app->env_count; i++) {
		const char *value = strchr(app->env[i], '=') + 1;
		char *name = strndup(app->env[i], (size_t)(value - 1 - app->env[i]));

		if (name)
			put_text(&inner, name, value);
		map->out->failed |= !name;
		free(name);
	}
	topo_text_add(map->out, "}");
}

static void put_file(struct topo_text *out, bool yaml, const struct topo_app_file *file)
{
	struct map map = map_begin(out, yaml);

	put_text(&map, "path", file->path);
	/* a text that a label might be is one that all formats carry */
	if (!memchr(file->content, 0, file->size) && !topo_label_fault(file->content)) {
		put_text(&map, "content", file->content);
	} else {
		char *text = base64_encode(file->content, file->size);

		put_text(&map, "base64", text);
		out->failed |= !text;
		free(text);
	}
	if (file->mode != 0644) {
		put_key(&map, "mode");
		topo_text_add(out, "\"%04o\"", file->mode);
	}
	topo_text_add(out, "}");
}

static void put_files(struct map *map, const struct topo_app *app)
{
	if (!app->file_count)
		return;
	put_key(map, "files");
	for (size_t i = 0; i < app->file_count; i++) {
		topo_text_add(map->out, i ? ", " : "[");
		put_file(map->out, map->yaml, &app->files[i]);
	}
	topo_text_add(map->out, "]");
}

static void put_limits(struct map *map, const struct topo_limits *limits)
{
	char value[UNITS_TEXT_SIZE];
	const char *key;
	struct map inner;

	if (topo_limits_format(limits, 0, &key, value) < 0)
		return;
	put_key(map, "limits");
	inner = map_begin(map->out, map->yaml);
	for (size_t i = 0; topo_limits_format(limits, i, &key, value) == 0; i++) {
		if (!topo_writer_number(key, value)) {
			put_text(&inner, key, value);
			continue;
		}
		put_key(&inner, key);
		topo_text_add(map->out, "%s", value);
	}
	topo_text_add(map->out, "}");
}

static void put_program(struct map *map, const struct topo_app *app)
{
	char value[UNITS_TEXT_SIZE];

	put_env(map, app);
	put_text(map, "dir", app->dir);
	put_text(map, "user", app->user);
	put_files(map, app);
	if (app->restart != TOPO_APP_NEVER)
		put_text(map, "restart", topo_app_restart_name(app->restart));
	if (app->ready != TOPO_APP_READY_AUTO)
		put_text(map, "ready", topo_app_ready_name(app->ready));
	put_limits(map, &app->limits);
	if (app->grace_ms != TOPO_APP_GRACE_MS)
		put_text(map, "grace", units_duration_format(app->grace_ms * 1000000ULL, value));
	if (app->log_bytes != TOPO_APP_LOG_BYTES) {
		put_key(map, "log");
		topo_text_add(map->out, app->log_bytes % 1024 ? "%u" : "\"%uK\"",
			      app->log_bytes % 1024 ? app->log_bytes : app->log_bytes / 1024);
	}
}

void topo_write_app(struct topo_text *out, bool yaml, const struct topo_app *app)
{
	struct map map = map_begin(out, yaml);

	if (app->name[0])
		put_text(&map, "name", app->name);
	put_text(&map, app->kind == TOPO_APP_BPF ? "bpf" : "run", app->run);
	put_list(&map, "args", app->args, app->arg_count);
	if (app->kind == TOPO_APP_PROGRAM)
		put_program(&map, app);
	put_list(&map, "after", app->after, app->after_count);
	put_text(&map, "match", app->match);
	if (app->order) {
		put_key(&map, "order");
		topo_text_add(out, "%u", app->order);
	}
	if (app->closed)
		put_text(&map, "policy", "closed");
	topo_text_add(out, "}");
}

char *topo_app_text(const struct topo_app *app)
{
	struct topo_text out = {0};

	topo_write_app(&out, false, app);
	if (out.failed) {
		free(out.text);
		return NULL;
	}
	return out.text;
}
