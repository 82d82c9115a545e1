// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * topo_read(): which format a text is in, the reader for it, then the check of the whole. Called by
 * the REST interface for PUT /topology/ and by the command line's validate.
 */
#include "lib/topo/doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/topo/doc_priv.h"

/* A network in several parts is allowed, and hardly ever meant. */
static int warn_parts(struct topo_doc *doc)
{
	uint32_t *part;
	long parts;

	if (doc->link_count == 0 || doc->router_count == 0)
		return 0;
	part = calloc(doc->router_count, sizeof(*part));
	if (!part)
		return -ENOMEM;
	parts = topo_doc_parts(doc, part);
	for (size_t i = 0; parts > 1 && i < doc->router_count; i++) {
		if (part[i] == 0)
			continue;
		topo_doc_warn(doc, "the network has %ld unconnected parts: %s cannot reach %s",
			      parts, doc->routers[i].name, doc->routers[0].name);
		break;
	}
	free(part);
	return parts < 0 ? (int)parts : 0;
}

static int read_any(const char *text, size_t size, const char *source,
		    const struct topo_files *files, struct topo_doc *doc, struct err *err)
{
	size_t start = 0;

	if (size > TOPO_FILE_MAX)
		return err_set(err, EINVAL,
			       "%s: %zu bytes are more than a topology file may have (%u)", source,
			       size, TOPO_FILE_MAX);
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3; /* a byte order mark says UTF-8, which it is anyway */
		size -= 3;
	}
	while (start < size && strchr(" \t\r\n", text[start]) && text[start])
		start++;
	if (start == size)
		return err_set(
			err, EINVAL,
			"%s:1: the file is empty: expected a topology with routers and links",
			source);
	if (text[start] == '<' && (start + 1 == size || text[start + 1] != '<')) /* "<<:" is YAML */
		return topo_read_graphml(text, size, source, doc, err);
	return topo_read_tree(text, size, text[start] == '{', source, files, doc, err);
}

int topo_read_files(const char *text, size_t size, const char *source,
		    const struct topo_files *files, struct topo_doc **ret_doc, struct err *err)
{
	struct topo_doc *doc = topo_doc_new();
	int r;

	if (!doc)
		return err_errno(err, ENOMEM, "%s", source);
	r = read_any(text, size, source, files, doc, err);
	if (r == 0)
		r = topo_doc_check(doc, source, err);
	if (r == 0 && warn_parts(doc) < 0)
		r = err_errno(err, ENOMEM, "%s", source);
	if (r < 0) {
		topo_doc_free(doc);
		return r;
	}
	*ret_doc = doc;
	return 0;
}

int topo_read(const char *text, size_t size, const char *source, struct topo_doc **ret_doc,
	      struct err *err)
{
	return topo_read_files(text, size, source, NULL, ret_doc, err);
}
