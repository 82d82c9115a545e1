/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nouns, one file each; cli/nouns.c puts them in order. */
#ifndef VLSP_CLI_NOUNS_H
#define VLSP_CLI_NOUNS_H

#include <jansson.h>

#include "cli/cli.h"
#include "lib/topo/doc.h"

extern const struct cli_noun noun_topology, noun_router, noun_link, noun_app, noun_event,
	noun_route;
extern const struct cli_noun noun_status, noun_doctor, noun_ping, noun_trace, noun_capture,
	noun_version, noun_completion;

/* Verbs of a noun that has more than one file. */
int topology_apply_run(struct cli *cli);
int topology_diff_run(struct cli *cli);
int topology_delete_run(struct cli *cli);
int topology_reconcile_run(struct cli *cli);
int topology_generate_run(struct cli *cli);
void topology_generate_help(FILE *out);
int topology_validate_run(struct cli *cli);
int topology_convert_run(struct cli *cli);
/* Says what of a topology the format has no place for. */
void topology_left_out(struct cli *cli, enum topo_format format, const struct topo_doc *doc);
int router_exec_run(struct cli *cli);
int router_shell_run(struct cli *cli);
int router_attach_run(struct cli *cli);
int router_detach_run(struct cli *cli);
int router_interfaces_run(struct cli *cli);
extern const struct cli_option router_attach_options[];
/* A table of them; 0 or -ENOMEM. */
int router_interfaces_print(FILE *out, const json_t *list);

#endif
