/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logging to stderr, one line a message: "<time> <level> <text>"; a control character in the text,
 * which could make it look like two, is written as '?'. Process-wide level. Libraries
 * and mechanism use log_debug only; programs and the command layer use the rest.
 */
#ifndef VLSP_LIB_BASE_LOG_H
#define VLSP_LIB_BASE_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_AUDIT, /* who did what: written whatever the level is */
};

void log_set_level(enum log_level level);
/* "error", "warn", "info", "debug"; -EINVAL for anything else. */
int log_level_parse(const char *text, enum log_level *ret_level);
/* A word put in front of each message, e.g. the router's name. Copied. */
void log_set_ident(const char *ident);

void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_msg(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_msg(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_msg(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_audit(...) log_msg(LOG_LEVEL_AUDIT, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
