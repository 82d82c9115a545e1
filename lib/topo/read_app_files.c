// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that are put in for an application: content in the file itself, or of a file beside it.
 * Called by read_app.c. */
#include "lib/topo/read_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/codec/base64.h"

struct file_field {
	struct topo_app_file file;
	bool has_content;
};

static int file_path(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	struct topo_app_file *file = &((struct file_field *)object)->file;
	const char *text = topo_field_text(r, node, path);

	if (!text)
		return -EINVAL;
	if (text[0] != '/' || !text[1] || strlen(text) > 1024 || strstr(text, "/../") ||
	    strstr(text, "//") || text[strlen(text) - 1] == '/' ||
	    (strlen(text) >= 3 && strcmp(text + strlen(text) - 3, "/..") == 0))
		return topo_field_fail(r, node->line,
				       "%s: '%.80s' is not an absolute path of a file without ..",
				       path, text);
	file->path = strdup(text);
	return file->path ? 0 : topo_field_nomem(r);
}

static int take(struct topo_reader *r, const struct tree_node *node, const char *path,
		struct file_field *field, char *content, size_t size)
{
	if (field->has_content || size > TOPO_APP_FILE_MAX) {
		free(content);
		return field->has_content
			       ? topo_field_fail(r, node->line,
						 "%s: one of content, base64, from is enough", path)
			       : topo_field_fail(r, node->line, "%s: is larger than %u KB", path,
						 TOPO_APP_FILE_MAX >> 10);
	}
	field->has_content = true;
	field->file.content = content;
	field->file.size = size;
	return 0;
}

static int file_content(struct topo_reader *r, const struct tree_node *node, const char *path,
			void *object)
{
	const char *text = topo_field_text(r, node, path);
	char *copy = text ? strdup(text) : NULL;

	if (!text)
		return -EINVAL;
	if (!copy)
		return topo_field_nomem(r);
	return take(r, node, path, object, copy, strlen(copy));
}

static int file_base64(struct topo_reader *r, const struct tree_node *node, const char *path,
		       void *object)
{
	const char *text = topo_field_text(r, node, path);
	char *data;
	size_t size;
	int ret;

	if (!text)
		return -EINVAL;
	ret = base64_decode(text, &data, &size);
	if (ret == -ENOMEM)
		return topo_field_nomem(r);
	if (ret < 0)
		return topo_field_fail(r, node->line, "%s: is not base 64", path);
	return take(r, node, path, object, data, size);
}

static int file_from(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	const char *text = topo_field_text(r, node, path);
	char *data;
	size_t size;
	struct err why;

	if (!text)
		return -EINVAL;
	if (!r->files || !r->files->read)
		return topo_field_fail(r, node->line,
				       "%s: files are read by the command line only: give content",
				       path);
	if (r->files->read(r->files->arg, text, &data, &size, &why) < 0)
		return topo_field_fail(r, node->line, "%s: %s", path, why.text);
	return take(r, node, path, object, data, size);
}

/* Permissions as people write them: 644, 0755. */
static int file_mode(struct topo_reader *r, const struct tree_node *node, const char *path,
		     void *object)
{
	const char *text = topo_field_quantity(r, node, path);
	size_t n;

	if (!text)
		return -EINVAL;
	n = strspn(text, "01234567");
	if (n == 0 || n > 4 || text[n] || strtoul(text, NULL, 8) > 0777)
		return topo_field_fail(r, node->line, "%s: '%.40s' is not like 644 or 0755", path,
				       text);
	((struct file_field *)object)->file.mode = (unsigned)strtoul(text, NULL, 8);
	return 0;
}

static const struct topo_field file_fields[] = {
	{"path", file_path}, {"content", file_content}, {"base64", file_base64},
	{"from", file_from}, {"mode", file_mode},	{NULL, NULL},
};

static int read_file(struct topo_reader *r, const struct tree_node *node, const char *path,
		     struct topo_app *app)
{
	struct file_field field = {.file.mode = 0644};
	struct topo_app_file *more;
	int ret = topo_field_map(r, node, path, file_fields, &field);

	if (ret == 0 && !field.file.path)
		ret = topo_field_fail(r, node->line, "%s.path: is missing", path);
	if (ret == 0 && !field.has_content)
		ret = topo_field_fail(r, node->line, "%s.content: is missing", path);
	more = ret == 0 ? reallocarray(app->files, app->file_count + 1, sizeof(*more)) : NULL;
	if (more) {
		app->files = more;
		more[app->file_count++] = field.file;
		return 0;
	}
	free(field.file.path);
	free(field.file.content);
	return ret < 0 ? ret : topo_field_nomem(r);
}

int topo_reader_app_files(struct topo_reader *r, const struct tree_node *list, const char *path,
			  void *object)
{
	struct topo_app *app = *(struct topo_app **)object; /* first of struct app_field */
	char below[TOPO_PATH_SIZE];
	int ret = 0;

	if (list->type != TREE_LIST)
		return topo_field_wrong(r, list, path, "a list");
	if (list->count > TOPO_APP_FILES_MAX)
		return topo_field_fail(r, list->line, "%s: %zu are more than %d", path, list->count,
				       TOPO_APP_FILES_MAX);
	for (const struct tree_node *node = list->first; ret == 0 && node; node = node->next) {
		snprintf(below, sizeof(below), "%.100s[%zu]", path, app->file_count);
		ret = read_file(r, node, below, app);
	}
	return ret;
}
