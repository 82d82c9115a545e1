// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applications as JSON, which is YAML, too: for export, for the store, for requests and answers.
 * What has its default is left out.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/codec/base64.h"
#include "lib/topo/text_priv.h"
#include "lib/topo/units.h"

static void put_key(struct topo_text *out, bool *first, const char *key)
{
	topo_text_add(out, "%s\"%s\": ", *first ? "" : ", ", key);
	*first = false;
}

static void put_text(struct topo_text *out, bool *first, const char *key, const char *text)
{
	if (!text)
		return;
	put_key(out, first, key);
	topo_text_quote(out, text);
}

static void put_list(struct topo_text *out, bool *first, const char *key, char *const *texts,
		     size_t count)
{
	if (!count)
		return;
	put_key(out, first, key);
	for (size_t i = 0; i < count; i++) {
		topo_text_add(out, i ? ", " : "[");
		topo_text_quote(out, texts[i]);
	}
	topo_text_add(out, "]");
}

static void put_env(struct topo_text *out, bool *first, const struct topo_app *app)
{
	if (!app->env_count)
		return;
	put_key(out, first, "env");
	for (size_t i = 0; i < app->env_count; i++) {
		const char *value = strchr(app->env[i], '=') + 1;
		char *name = strndup(app->env[i], (size_t)(value - 1 - app->env[i]));

		topo_text_add(out, i ? ", " : "{");
		if (name)
			topo_text_quote(out, name);
		out->failed |= !name;
		free(name);
		topo_text_add(out, ": ");
		topo_text_quote(out, value);
	}
	topo_text_add(out, "}");
}

static void put_file(struct topo_text *out, const struct topo_app_file *file)
{
	bool first = true;

	topo_text_add(out, "{");
	put_text(out, &first, "path", file->path);
	/* a text that a label might be is one that all formats carry */
	if (!memchr(file->content, 0, file->size) && !topo_label_fault(file->content)) {
		put_text(out, &first, "content", file->content);
	} else {
		char *text = base64_encode(file->content, file->size);

		put_text(out, &first, "base64", text);
		out->failed |= !text;
		free(text);
	}
	if (file->mode != 0644) {
		put_key(out, &first, "mode");
		topo_text_add(out, "\"%04o\"", file->mode);
	}
	topo_text_add(out, "}");
}

static void put_files(struct topo_text *out, bool *first, const struct topo_app *app)
{
	if (!app->file_count)
		return;
	put_key(out, first, "files");
	for (size_t i = 0; i < app->file_count; i++) {
		topo_text_add(out, i ? ", " : "[");
		put_file(out, &app->files[i]);
	}
	topo_text_add(out, "]");
}

static void put_limits(struct topo_text *out, bool *first, const struct topo_limits *limits)
{
	char value[UNITS_TEXT_SIZE];
	const char *key;
	bool inner = true;

	if (topo_limits_format(limits, 0, &key, value) < 0)
		return;
	put_key(out, first, "limits");
	topo_text_add(out, "{");
	for (size_t i = 0; topo_limits_format(limits, i, &key, value) == 0; i++) {
		if (!topo_writer_number(key, value)) {
			put_text(out, &inner, key, value);
			continue;
		}
		put_key(out, &inner, key);
		topo_text_add(out, "%s", value);
	}
	topo_text_add(out, "}");
}

static void put_program(struct topo_text *out, bool *first, const struct topo_app *app)
{
	char value[UNITS_TEXT_SIZE];

	put_env(out, first, app);
	put_text(out, first, "dir", app->dir);
	put_text(out, first, "user", app->user);
	put_files(out, first, app);
	if (app->restart != TOPO_APP_NEVER)
		put_text(out, first, "restart", topo_app_restart_name(app->restart));
	if (app->ready != TOPO_APP_READY_AUTO)
		put_text(out, first, "ready", topo_app_ready_name(app->ready));
	put_limits(out, first, &app->limits);
	if (app->grace_ms != TOPO_APP_GRACE_MS)
		put_text(out, first, "grace",
			 units_duration_format(app->grace_ms * 1000000ULL, value));
	if (app->log_bytes != TOPO_APP_LOG_BYTES) {
		put_key(out, first, "log");
		topo_text_add(out, app->log_bytes % 1024 ? "%u" : "\"%uK\"",
			      app->log_bytes % 1024 ? app->log_bytes : app->log_bytes / 1024);
	}
}

void topo_write_app(struct topo_text *out, const struct topo_app *app)
{
	bool first = true;

	topo_text_add(out, "{");
	if (app->name[0])
		put_text(out, &first, "name", app->name);
	put_text(out, &first, app->kind == TOPO_APP_BPF ? "bpf" : "run", app->run);
	put_list(out, &first, "args", app->args, app->arg_count);
	if (app->kind == TOPO_APP_PROGRAM)
		put_program(out, &first, app);
	put_list(out, &first, "after", app->after, app->after_count);
	put_text(out, &first, "match", app->match);
	if (app->order) {
		put_key(out, &first, "order");
		topo_text_add(out, "%u", app->order);
	}
	if (app->closed)
		put_text(out, &first, "policy", "closed");
	topo_text_add(out, "}");
}

char *topo_app_text(const struct topo_app *app)
{
	struct topo_text out = {0};

	topo_write_app(&out, app);
	if (out.failed) {
		free(out.text);
		return NULL;
	}
	return out.text;
}
