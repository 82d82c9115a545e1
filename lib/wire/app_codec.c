// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Encoding and decoding of an application's start (app_codec.h). Called by
 * daemon/host/local_app_start.c and daemon/supervisor/app.c.
 */
#include "lib/wire/app_codec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct file_head {
	uint32_t size, mode;
};

/* --- encoding --------------------------------------------------------------------------------- */

static void put(uint8_t **to, const void *from, size_t size)
{
	if (size)
		memcpy(*to, from, size);
	*to += size;
}

static void put_text(uint8_t **to, const char *text)
{
	put(to, text, strlen(text) + 1);
}

/* -E2BIG: a list is too long. */
static int measure(struct app_spec *spec, size_t *ret_size)
{
	size_t size = sizeof(spec->head) + spec->head.gid_count * sizeof(uint32_t) +
		      spec->head.file_count * sizeof(struct file_head);

	if (spec->head.gid_count > APP_LIST_MAX || spec->head.file_count > APP_LIST_MAX)
		return -E2BIG;
	for (size_t i = 0; i < APP_TEXTS; i++)
		size += strlen(spec->texts[i]) + 1;
	for (size_t i = 0; i < APP_LISTS; i++) {
		uint32_t count = 0;

		while (spec->lists[i] && spec->lists[i][count] && count <= APP_LIST_MAX)
			size += strlen(spec->lists[i][count++]) + 1;
		if (count > APP_LIST_MAX)
			return -E2BIG;
		spec->head.counts[i] = count;
	}
	for (size_t i = 0; i < spec->head.file_count; i++)
		size += strlen(spec->files[i].path) + 1 + spec->files[i].size;
	*ret_size = size;
	return size > APP_SPEC_MAX ? -E2BIG : 0;
}

int app_spec_encode(const struct app_spec *from, void **ret_data, size_t *ret_size)
{
	struct app_spec spec = *from;
	size_t size;
	int r = measure(&spec, &size);
	uint8_t *data = r == 0 ? malloc(size) : NULL, *to = data;

	if (!data)
		return r < 0 ? r : -ENOMEM;
	put(&to, &spec.head, sizeof(spec.head));
	put(&to, spec.gids, spec.head.gid_count * sizeof(uint32_t));
	for (size_t i = 0; i < spec.head.file_count; i++) {
		struct file_head head = {.size = spec.files[i].size, .mode = spec.files[i].mode};

		put(&to, &head, sizeof(head));
	}
	for (size_t i = 0; i < APP_TEXTS; i++)
		put_text(&to, spec.texts[i]);
	for (size_t i = 0; i < APP_LISTS; i++)
		for (size_t k = 0; k < spec.head.counts[i]; k++)
			put_text(&to, spec.lists[i][k]);
	for (size_t i = 0; i < spec.head.file_count; i++)
		put_text(&to, spec.files[i].path);
	for (size_t i = 0; i < spec.head.file_count; i++)
		put(&to, spec.files[i].content, spec.files[i].size);
	*ret_data = data;
	*ret_size = size;
	return 0;
}

/* --- decoding --------------------------------------------------------------------------------- */

struct input {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static const void *take(struct input *in, size_t size)
{
	const uint8_t *at = in->at;

	if (in->bad || size > in->left) {
		in->bad = true;
		return NULL;
	}
	in->at += size;
	in->left -= size;
	return at;
}

static const char *take_text(struct input *in)
{
	const uint8_t *end = in->bad ? NULL : memchr(in->at, '\0', in->left);

	if (!end) {
		in->bad = true;
		return "";
	}
	return take(in, (size_t)(end - in->at) + 1);
}

static bool is_sane(const struct app_head *head)
{
	for (size_t i = 0; i < APP_LISTS; i++)
		if (head->counts[i] > APP_LIST_MAX)
			return false;
	return head->gid_count <= APP_LIST_MAX && head->file_count <= APP_LIST_MAX;
}

static struct app_spec *spec_new(const struct app_head *head)
{
	size_t pointers = APP_LISTS;

	for (size_t i = 0; i < APP_LISTS; i++)
		pointers += head->counts[i];
	return calloc(1, sizeof(struct app_spec) + head->file_count * sizeof(struct app_file) +
				 pointers * sizeof(char *));
}

int app_spec_decode(const void *data, size_t size, struct app_spec **ret_spec)
{
	struct input in = {.at = data, .left = size};
	const struct file_head *file_heads;
	const struct app_head *head = take(&in, sizeof(*head));
	struct app_spec *spec;
	struct app_file *files;
	const char **list;

	if (!head || !is_sane(head))
		return -EPROTO;
	spec = spec_new(head);
	if (!spec)
		return -ENOMEM;
	spec->head = *head;
	files = (struct app_file *)(spec + 1);
	list = (const char **)(files + head->file_count);
	spec->files = files;
	spec->gids = take(&in, head->gid_count * sizeof(uint32_t));
	file_heads = take(&in, head->file_count * sizeof(struct file_head));
	for (size_t i = 0; i < APP_TEXTS; i++)
		spec->texts[i] = take_text(&in);
	for (size_t i = 0; i < APP_LISTS; i++) {
		spec->lists[i] = list;
		for (size_t k = 0; k < head->counts[i]; k++)
			*list++ = take_text(&in);
		list++;
	}
	for (size_t i = 0; i < head->file_count; i++)
		files[i].path = take_text(&in);
	for (size_t i = 0; i < head->file_count && !in.bad; i++) {
		files[i].size = file_heads[i].size;
		files[i].mode = file_heads[i].mode;
		files[i].content = take(&in, files[i].size);
	}
	if (in.bad || in.left || !spec->lists[APP_ARGS][0]) {
		free(spec);
		return -EPROTO;
	}
	*ret_spec = spec;
	return 0;
}
