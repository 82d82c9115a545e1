// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Topology files of any kind: whatever topo_read() accepts must be written and read back as the
 * same document in every format. Corpus: tests/fuzz/corpus/topology.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/lib/topo/same.h"

static void require(bool ok, const char *what, const char *detail)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, detail);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct topo_doc *doc, *back;
	struct err err = {0};
	size_t written;
	char *text;
	int r = topo_read((const char *)data, size, "fuzz", &doc, &err);

	if (r < 0) {
		require(err.text[0] && err.code == -r, "error without text", err.text);
		return 0;
	}
	for (int format = TOPO_FORMAT_JSON; format <= TOPO_FORMAT_DOT; format++) {
		if (format == TOPO_FORMAT_GRAPHML) { /* has no place for them */
			topo_events_free(doc->events);
			doc->events = NULL;
			for (size_t i = 0; i < doc->router_count; i++) {
				topo_apps_unref(doc->routers[i].apps);
				doc->routers[i].apps = NULL;
			}
		}
		require(topo_write(doc, (enum topo_format)format, &text, &written) == 0, "write",
			"failed");
		if (format != TOPO_FORMAT_DOT) {
			require(topo_read(text, written, "back", &back, &err) == 0, text, err.text);
			require(!doc_difference(doc, back), text,
				doc_difference(doc, back) ? doc_difference(doc, back) : "");
			topo_doc_free(back);
		}
		free(text);
	}
	topo_doc_free(doc);
	return 0;
}
