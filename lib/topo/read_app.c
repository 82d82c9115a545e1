// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applications of a router: what each field means, in a topology file and alone (a request, the
 * store). Called by read_tree.c and, for one, by topo_app_parse().
 */
#include "lib/topo/read_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/codec/base64.h"
#include "lib/topo/match.h"
#include "lib/topo/units.h"

#define GRACE_MAX_NS (600 * 1000000000ULL)
#define LOG_MIN	     4096
#define LOG_MAX	     (64u << 20)
#define TEXT_MAX     4096 /* of one argument, path, setting of the environment */

struct app_field { /* what the fields of one application go into */
	struct topo_app *app;
	const struct tree_node *run, *bpf;
};

static int text_field(struct topo_reader *r, const struct tree_node *node, const char *path,
		      char **text)
{
	const char *value = topo_field_text(r, node, path);

	if (!value)
		return -EINVAL;
	if (!*value || strlen(value) > TEXT_MAX)
		return topo_field_fail(r, node->line, "%s: is empty or longer than %d bytes", path,
				       TEXT_MAX);
	free(*text);
	*text = strdup(value);
	return *text ? 0 : topo_field_nomem(r);
}

static int add_text(struct topo_reader *r, char ***list, size_t *count, const char *text)
{
	char **more = reallocarray(*list, *count + 1, sizeof(*more));

	if (!more)
		return topo_field_nomem(r);
	*list = more;
	more[*count] = strdup(text);
	if (!more[*count])
		return topo_field_nomem(r);
	(*count)++;
	return 0;
}

/* A list of texts, or one text: its words, with words set. */
static int texts_field(struct topo_reader *r, const struct tree_node *node, const char *path,
		       size_t max, char ***list, size_t *count)
{
	char below[TOPO_PATH_SIZE], *copy, *save = NULL;
	const char *text;
	int ret = 0;

	if (node->type != TREE_LIST) {
		text = topo_field_text(r, node, path);
		copy = text ? strdup(text) : NULL;
		if (!text)
			return -EINVAL;
		if (!copy)
			return topo_field_nomem(r);
		for (char *word = strtok_r(copy, " \t", &save); word && ret == 0;
		     word = strtok_r(NULL, " \t", &save))
			ret = *count == max ? topo_field_fail(r, node->line,
							      "%s: are more than %zu", path, max)
					    : add_text(r, list, count, word);
		free(copy);
		return ret;
	}
	if (node->count > max)
		return topo_field_fail(r, node->line, "%s: are more than %zu", path, max);
	for (const struct tree_node *one = node->first; one && ret == 0; one = one->next) {
		snprintf(below, sizeof(below), "%.100s[%zu]", path, *count);
		text = one->type == TREE_INT || one->type == TREE_FLOAT || one->type == TREE_BOOL
			       ? one->text
			       : topo_field_text(r, one, below);
		if (!text)
			return -EINVAL;
		if (strlen(text) > TEXT_MAX)
			return topo_field_fail(r, one->line, "%s: is longer than %d bytes", below,
					       TEXT_MAX);
		ret = add_text(r, list, count, text);
	}
	return ret;
}

static struct topo_app *app_of(void *object)
{
	return ((struct app_field *)object)->app;
}

static int app_name(struct topo_reader *r, const struct tree_node *node, const char *path,
		    void *object)
{
	const char *text = topo_field_text(r, node, path);
	struct err why;

	if (!text)
		return -EINVAL;
	if (name_check(text, path, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	if (text[strspn(text, "0123456789")] == '\0')
		return topo_field_fail(r, node->line, "%s: '%.40s' would be taken for a number",
				       path, text);
	snprintf(app_of(object)->name, NAME_SIZE, "%s", text);
	app_of(object)->named = true;
	return 0;
}

/* A name is that of a shipped application, as far as it is known which there are. */
static int shipped(struct topo_reader *r, const struct tree_node *node, const char *path,
		   const char *run)
{
	const char *const *list = r->files ? r->files->shipped : NULL;
	struct topo_near near = {.word = run};
	char hint[100];

	for (size_t i = 0; list && list[i]; i += 2) {
		if (strcmp(list[i], run) == 0)
			return 0;
		topo_near_try(&near, list[i]);
	}
	return !list ? 0
		     : topo_field_fail(r, node->line,
				       "%s: there is no shipped application '%.80s'%s; programs of "
				       "the machine are given by their whole path",
				       path, run, topo_near_hint(&near, hint, sizeof(hint)));
}

static int app_run(struct topo_reader *r, const struct tree_node *node, const char *path,
		   void *object)
{
	struct app_field *field = object;
	int ret = text_field(r, node, path, &field->app->run);

	field->run = node;
	if (ret == 0 && strchr(field->app->run, '/') && field->app->run[0] != '/')
		return topo_field_fail(r, node->line,
				       "%s: '%.80s' is neither the name of a shipped application "
				       "nor an absolute path",
				       path, field->app->run);
	return ret < 0 || field->app->run[0] == '/' ? ret : shipped(r, node, path, field->app->run);
}

static int app_bpf(struct topo_reader *r, const struct tree_node *node, const char *path,
		   void *object)
{
	struct app_field *field = object;
	int ret = text_field(r, node, path, &field->app->run);

	field->bpf = node;
	field->app->kind = TOPO_APP_BPF;
	if (ret == 0 && field->app->run[0] != '/')
		return topo_field_fail(r, node->line, "%s: '%.80s' is not an absolute path", path,
				       field->app->run);
	return ret;
}

static int app_args(struct topo_reader *r, const struct tree_node *node, const char *path,
		    void *object)
{
	return texts_field(r, node, path, TOPO_APP_ARGS_MAX, &app_of(object)->args,
			   &app_of(object)->arg_count);
}

static int app_after(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	return texts_field(r, node, path, TOPO_APPS_MAX, &app_of(object)->after,
			   &app_of(object)->after_count);
}

/* Of a setting. People see it, as a key. */
static bool is_setting(const char *name)
{
	size_t n;

	for (const char *p = name; *p; p += n) {
		uint32_t code;

		n = utf8_decode(p, &code);
		if (n == 0 || code < ' ' || (code >= 0x7f && code < 0xa0) || code == '=')
			return false;
	}
	return name[0];
}

static int app_env(struct topo_reader *r, const struct tree_node *node, const char *path,
		   void *object)
{
	struct topo_app *app = app_of(object);
	char below[TOPO_PATH_SIZE], *setting;
	int ret = 0;

	if (node->type != TREE_MAP)
		return topo_field_wrong(r, node, path, "a map of names and values");
	if (node->count > TOPO_APP_ENV_MAX)
		return topo_field_fail(r, node->line, "%s: are more than %d", path,
				       TOPO_APP_ENV_MAX);
	for (const struct tree_node *one = node->first; one && ret == 0; one = one->next) {
		const char *text;

		snprintf(below, sizeof(below), "%.60s.%.40s", path, one->key);
		if (!is_setting(one->key))
			return topo_field_fail(r, one->line, "%s: is not a name", below);
		text = topo_field_quantity(r, one, below);
		if (!text)
			return -EINVAL;
		if (strlen(one->key) + strlen(text) > TEXT_MAX)
			return topo_field_fail(r, one->line, "%s: is longer than %d bytes", below,
					       TEXT_MAX);
		if (asprintf(&setting, "%s=%s", one->key, text) < 0)
			return topo_field_nomem(r);
		ret = add_text(r, &app->env, &app->env_count, setting);
		free(setting);
	}
	return ret;
}

static int app_dir(struct topo_reader *r, const struct tree_node *node, const char *path,
		   void *object)
{
	int ret = text_field(r, node, path, &app_of(object)->dir);

	if (ret == 0 && app_of(object)->dir[0] != '/')
		return topo_field_fail(r, node->line, "%s: is not an absolute path", path);
	return ret;
}

static int app_user(struct topo_reader *r, const struct tree_node *node, const char *path,
		    void *object)
{
	return text_field(r, node, path, &app_of(object)->user);
}

/* One of words, by its place. */
static int word_field(struct topo_reader *r, const struct tree_node *node, const char *path,
		      const char *(*name)(unsigned i), unsigned count, const char *all,
		      unsigned *ret_value)
{
	const char *text = topo_field_text(r, node, path);

	if (!text)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(text, name(i)) == 0) {
			*ret_value = i;
			return 0;
		}
	}
	return topo_field_fail(r, node->line, "%s: '%.40s' is not one of %s", path, text, all);
}

static const char *restart_word(unsigned i)
{
	return topo_app_restart_name((enum topo_app_restart)i);
}

static const char *ready_word(unsigned i)
{
	return topo_app_ready_name((enum topo_app_ready)i);
}

static const char *policy_word(unsigned i)
{
	return i ? "closed" : "open";
}

static int app_restart(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object)
{
	unsigned value = 0;
	int ret = word_field(r, node, path, restart_word, 3, "never, on-failure, always", &value);

	app_of(object)->restart = (enum topo_app_restart)value;
	return ret;
}

static int app_ready(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	unsigned value = 0;
	int ret = word_field(r, node, path, ready_word, 4, "auto, settled, notify, exit", &value);

	app_of(object)->ready = (enum topo_app_ready)value;
	return ret;
}

static int app_policy(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	unsigned value = 0;
	int ret = word_field(r, node, path, policy_word, 2, "open, closed", &value);

	app_of(object)->closed = value;
	return ret;
}

static int app_limits(struct topo_reader *r, const struct tree_node *node, const char *path,
		      void *object)
{
	return topo_reader_limits_of(r, node, path, &app_of(object)->limits);
}

static int app_grace(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	uint64_t ns;
	int ret = topo_reader_time(r, node, path, &ns);

	if (ret == 0 && (ns > GRACE_MAX_NS || ns % 1000000))
		return topo_field_fail(r, node->line,
				       "%s: is more than 600s, or not whole milliseconds", path);
	if (ret == 0)
		app_of(object)->grace_ms = (uint32_t)(ns / 1000000);
	return ret;
}

/* Bytes, in steps of 1024. */
static int app_log(struct topo_reader *r, const struct tree_node *node, const char *path,
		   void *object)
{
	const char *text = topo_field_quantity(r, node, path);
	unsigned shift = 0;
	char number[16];
	uint64_t value;
	struct err why;
	size_t n;

	if (!text)
		return -EINVAL;
	n = strspn(text, "0123456789");
	if (strcmp(text + n, "K") == 0)
		shift = 10;
	else if (strcmp(text + n, "M") == 0)
		shift = 20;
	if (n == 0 || n >= sizeof(number) || (text[n] && !shift))
		return topo_field_fail(r, node->line, "%s: '%.40s' is not a size like 64K or 1M",
				       path, text);
	snprintf(number, sizeof(number), "%.*s", (int)n, text);
	if (units_count_parse(number, path, 0, LOG_MAX >> shift, &value, &why) < 0 ||
	    value << shift < LOG_MIN)
		return topo_field_fail(r, node->line, "%s: %.40s is not within 4K to 64M", path,
				       text);
	app_of(object)->log_bytes = (uint32_t)(value << shift);
	return 0;
}

static int app_match(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	struct topo_match parsed;
	struct err why;
	int ret = text_field(r, node, path, &app_of(object)->match);

	if (ret == 0 && topo_match_parse(app_of(object)->match, &parsed, &why) < 0)
		return topo_field_fail(r, node->line, "%s: %s", path, why.text);
	return ret;
}

static int app_order(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	const char *text = topo_field_quantity(r, node, path);
	uint64_t value;
	struct err why;

	if (!text)
		return -EINVAL;
	if (units_count_parse(text, path, 0, 255, &value, &why) < 0)
		return topo_field_fail(r, node->line, "%s", why.text);
	app_of(object)->order = (unsigned)value;
	return 0;
}

static const struct topo_field app_fields[] = {
	{"name", app_name},	  {"run", app_run},
	{"bpf", app_bpf},	  {"args", app_args},
	{"env", app_env},	  {"dir", app_dir},
	{"user", app_user},	  {"files", topo_reader_app_files},
	{"restart", app_restart}, {"ready", app_ready},
	{"after", app_after},	  {"limits", app_limits},
	{"grace", app_grace},	  {"log", app_log},
	{"match", app_match},	  {"order", app_order},
	{"policy", app_policy},	  {NULL, NULL},
};

/* What does not go together. */
static int complete(struct topo_reader *r, const struct tree_node *node, const char *path,
		    const struct app_field *field)
{
	static const char *const of_bpf[] = {"match", "order", "policy"};
	static const char *const of_program[] = {"env",	    "dir",   "user",  "files",
						 "restart", "ready", "limits"};

	if (!field->run == !field->bpf)
		return topo_field_fail(r, node->line, "%s%srun: %s", path, path[0] ? "." : "",
				       field->run ? "and bpf cannot both be given" : "is missing");
	for (size_t i = 0; field->run && i < 3; i++)
		if (tree_get(node, of_bpf[i]))
			return topo_field_fail(r, node->line, "%s%s%s: is for bpf only", path,
					       path[0] ? "." : "", of_bpf[i]);
	for (size_t i = 0; field->bpf && i < 7; i++)
		if (tree_get(node, of_program[i]))
			return topo_field_fail(r, node->line, "%s%s%s: is not for bpf", path,
					       path[0] ? "." : "", of_program[i]);
	if (field->bpf && field->app->arg_count > 1)
		return topo_field_fail(r, node->line,
				       "%s%sargs: of bpf are at most one, the program's name", path,
				       path[0] ? "." : "");
	return 0;
}

int topo_reader_app(struct topo_reader *r, const struct tree_node *node, const char *path,
		    struct topo_app **ret_app)
{
	struct app_field field = {.app = calloc(1, sizeof(*field.app))};
	int ret;

	if (!field.app)
		return topo_field_nomem(r);
	field.app->refs = 1;
	field.app->grace_ms = TOPO_APP_GRACE_MS;
	field.app->log_bytes = TOPO_APP_LOG_BYTES;
	if (node->type == TREE_MAP) {
		ret = topo_field_map(r, node, path, app_fields, &field);
		if (ret == 0)
			ret = complete(r, node, path, &field);
	} else { /* just what it runs */
		ret = app_run(r, node, path, &field);
	}
	if (ret < 0) {
		topo_app_unref(field.app);
		return ret;
	}
	*ret_app = field.app;
	return 0;
}

static bool taken(void *arg, const char *name)
{
	return topo_apps_find(arg, name);
}

int topo_reader_apps(struct topo_reader *r, const struct tree_node *list, const char *path,
		     void *object)
{
	struct topo_router *router = object;
	char below[TOPO_PATH_SIZE];
	size_t i = 0;

	if (list->type != TREE_LIST)
		return topo_field_wrong(r, list, path, "a list");
	if (list->count > TOPO_APPS_MAX)
		return topo_field_fail(r, list->line, "%s: %zu are more than %d", path, list->count,
				       TOPO_APPS_MAX);
	for (const struct tree_node *node = list->first; node; node = node->next, i++) {
		struct topo_apps *more;
		struct topo_app *app;
		int ret;

		snprintf(below, sizeof(below), "%.80s[%zu]", path, i);
		ret = topo_reader_app(r, node, below, &app);
		if (ret < 0)
			return ret;
		topo_app_name(app, taken, router->apps);
		if (topo_apps_find(router->apps, app->name))
			ret = topo_field_fail(r, node->line, "%s.name: '%s' is another's, too",
					      below, app->name);
		else if (topo_apps_with(router->apps, app, &more) < 0)
			ret = topo_field_nomem(r);
		topo_app_unref(app);
		if (ret < 0)
			return ret;
		topo_apps_unref(router->apps);
		router->apps = more;
	}
	return 0;
}

int topo_app_parse(const char *text, size_t size, const char *source,
		   const struct topo_files *files, struct topo_app **ret_app, struct err *err)
{
	struct topo_reader r = {.source = source, .err = err, .files = files};
	size_t at = 0;
	struct tree *tree;
	int ret;

	while (at < size && strchr(" \t\r\n", text[at]))
		at++;
	ret = tree_read(text, size, at < size && text[at] == '{', source, &topo_reader_limits,
			&tree, err);
	if (ret < 0)
		return ret;
	if (!tree_root(tree) || tree_root(tree)->type != TREE_MAP)
		ret = topo_field_fail(&r, 1, "expected an application (a map of fields)");
	else
		ret = topo_reader_app(&r, tree_root(tree), "", ret_app);
	tree_free(tree);
	return ret;
}
