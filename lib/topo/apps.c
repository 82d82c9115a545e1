// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applications of a router as data: shared, never changed once they are made, compared, named.
 * References are counted by the loop's thread only. See app.h; reading is in read_app.c, writing in
 * write_app.c.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/app.h"

static const char *const restart_names[] = {"never", "on-failure", "always"};
static const char *const ready_names[] = {"auto", "settled", "notify", "exit"};

const char *topo_app_restart_name(enum topo_app_restart restart)
{
	return restart_names[restart];
}

const char *topo_app_ready_name(enum topo_app_ready ready)
{
	return ready_names[ready];
}

struct topo_app *topo_app_ref(struct topo_app *app)
{
	if (app)
		app->refs++;
	return app;
}

static void free_texts(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

void topo_app_unref(struct topo_app *app)
{
	if (!app || --app->refs > 0)
		return;
	free_texts(app->args, app->arg_count);
	free_texts(app->env, app->env_count);
	free_texts(app->after, app->after_count);
	for (size_t i = 0; i < app->file_count; i++) {
		free(app->files[i].path);
		free(app->files[i].content);
	}
	free(app->files);
	free(app->run);
	free(app->dir);
	free(app->user);
	free(app->match);
	free(app);
}

static bool same_text(const char *x, const char *y)
{
	return x && y ? strcmp(x, y) == 0 : x == y;
}

static bool same_texts(char *const *x, size_t n, char *const *y, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(x[i], y[i]) != 0)
			return false;
	return true;
}

static bool same_files(const struct topo_app *x, const struct topo_app *y)
{
	if (x->file_count != y->file_count)
		return false;
	for (size_t i = 0; i < x->file_count; i++) {
		const struct topo_app_file *a = &x->files[i], *b = &y->files[i];

		if (strcmp(a->path, b->path) != 0 || a->mode != b->mode || a->size != b->size ||
		    memcmp(a->content, b->content, a->size) != 0)
			return false;
	}
	return true;
}

bool topo_app_equal(const struct topo_app *x, const struct topo_app *y)
{
	return x == y ||
	       (strcmp(x->name, y->name) == 0 && x->kind == y->kind && same_text(x->run, y->run) &&
		same_texts(x->args, x->arg_count, y->args, y->arg_count) &&
		same_texts(x->env, x->env_count, y->env, y->env_count) &&
		same_text(x->dir, y->dir) && same_text(x->user, y->user) && same_files(x, y) &&
		x->restart == y->restart && x->ready == y->ready &&
		same_texts(x->after, x->after_count, y->after, y->after_count) &&
		topo_limits_equal(&x->limits, &y->limits) && x->grace_ms == y->grace_ms &&
		x->log_bytes == y->log_bytes && same_text(x->match, y->match) &&
		x->order == y->order && x->closed == y->closed);
}

/* The base name of what it runs, of letters that names may have; without ".bpf.o" and the like. */
static void base_name(const char *run, char name[NAME_SIZE])
{
	const char *slash = strrchr(run, '/'), *from = slash && slash[1] ? slash + 1 : run;
	size_t n = 0;

	for (; *from && n < NAME_SIZE - 8; from++) {
		if (isalnum((unsigned char)*from) || strchr("._-", *from))
			name[n++] = *from;
	}
	name[n] = '\0';
	if (n > 6 && strcmp(name + n - 6, ".bpf.o") == 0)
		name[n - 6] = '\0';
	if (name_check(name, "name", NULL) < 0 || !name[strspn(name, "0123456789")])
		strcpy(name, "app");
}

void topo_app_name(struct topo_app *app, bool (*taken)(void *arg, const char *name), void *arg)
{
	char base[NAME_SIZE];

	if (app->name[0])
		return;
	base_name(app->run, base);
	strcpy(app->name, base);
	for (unsigned n = 2; taken(arg, app->name); n++)
		snprintf(app->name, sizeof(app->name), "%.*s.%u", NAME_SIZE - 8, base, n % 100000);
}

struct topo_apps *topo_apps_ref(struct topo_apps *apps)
{
	if (apps)
		apps->refs++;
	return apps;
}

void topo_apps_unref(struct topo_apps *apps)
{
	if (!apps || --apps->refs > 0)
		return;
	for (size_t i = 0; i < apps->count; i++)
		topo_app_unref(apps->list[i]);
	free(apps);
}

size_t topo_apps_count(const struct topo_apps *apps)
{
	return apps ? apps->count : 0;
}

struct topo_app *topo_apps_find(const struct topo_apps *apps, const char *name)
{
	for (size_t i = 0; i < topo_apps_count(apps); i++)
		if (strcmp(apps->list[i]->name, name) == 0)
			return apps->list[i];
	return NULL;
}

int topo_apps_with(const struct topo_apps *apps, struct topo_app *app, struct topo_apps **ret)
{
	size_t count = topo_apps_count(apps);
	struct topo_apps *more = calloc(1, sizeof(*more) + (count + 1) * sizeof(more->list[0]));

	if (!more)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		more->list[i] = topo_app_ref(apps->list[i]);
	more->list[count] = topo_app_ref(app);
	more->count = count + 1;
	more->refs = 1;
	*ret = more;
	return 0;
}
