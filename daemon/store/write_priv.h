/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements and rows, for the transactions of write.c. */
#ifndef VLSP_DAEMON_STORE_WRITE_PRIV_H
#define VLSP_DAEMON_STORE_WRITE_PRIV_H

#include "daemon/store/store_priv.h"

/* A statement whose parameters are given one after the other. */
struct store_row {
	sqlite3_stmt *stmt;
	int at, rc;
	uint64_t sum; /* of the values so far */
};

struct store_row store_row_start(struct store_db *s, enum store_sql which);
void store_row_int(struct store_row *row, uint64_t value);
void store_row_text(struct store_row *row, const char *text);
/* Runs it. SQLITE_OK or the code; *ret_value, if not NULL: the first column. */
int store_row_end(struct store_row *row, int64_t *ret_value);

/* SQLITE_OK or the code. */
int store_run(struct store_db *s, enum store_sql which);
int store_run_with(struct store_db *s, enum store_sql which, uint64_t value);
int store_put_router(struct store_db *s, const struct store_router *r);
int store_put_link(struct store_db *s, const struct store_link *l);
int store_put_app(struct store_db *s, const struct store_app *a);
int store_put_topology(struct store_db *s, const struct model_topology *t);
int store_put_removed(struct store_db *s, const struct store_removed *r);
int store_put_op(struct store_db *s, const struct store_op *op);

#endif
