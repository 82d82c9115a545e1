/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vlspd is asked to do: command line and configuration file, one vocabulary. */
#ifndef VLSP_DAEMON_CONF_OPTIONS_H
#define VLSP_DAEMON_CONF_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "lib/base/log.h"

#define CONF_PATH_SIZE	 96 /* so that RUNTIME/router.sock fits into a socket address */
#define CONF_LISTEN_PORT 8888

enum conf_command {
	CONF_START,
	CONF_STOP,
	CONF_RESTART,
	CONF_STATUS,
	CONF_RUN,
	CONF_CLEAN,
	CONF_VERSION,
	CONF_HELP
};

struct conf {
	enum conf_command command;
	const char *topic;		  /* CONF_HELP: of this command only; NULL: of all */
	char runtime_dir[CONF_PATH_SIZE]; /* absolute, without a slash at the end */
	char state_dir[CONF_PATH_SIZE];
	bool state_dir_given;
	bool listen; /* on TCP too */
	char listen_address[16];
	uint16_t listen_port; /* 0: any */
	enum log_level log_level;
	bool fake_host;			    /* simulation mode */
	bool auth_none;			    /* TCP without a token */
	uint32_t hello_us;		    /* 0: by the size of the network */
	bool keep;			    /* stop: leave the network running for the next start */
	bool restore;			    /* start: after a reboot, bring the topology back */
	char group[33];			    /* may use the socket and read the token; "vlsp" */
	char read_group[33];		    /* may use the read-only socket; "vlsp-read" */
	bool group_given, read_group_given; /* then there must be such a group */
	char tls_cert[CONF_PATH_SIZE], tls_key[CONF_PATH_SIZE]; /* PEM; "" : no TLS */
	char tls_client_ca[CONF_PATH_SIZE]; /* PEM; clients must show a certificate; "" : no */
	uint32_t user_base; /* lib/confine/confine.h; 0: router processes stay root */
	bool cgroups;	    /* make control groups where the machine has them */
	bool limit_caps;    /* the daemon drops capabilities that it does not need */
};

/* argv as of main(). -EINVAL: wrong usage (exit 2); another -errno: a wrong configuration file, or
 * one that cannot be read (exit 1). */
int conf_parse(int argc, char *const argv[], struct conf *ret_conf, struct err *err);
/* One setting as of the configuration file; name without dashes. 0 or -EINVAL. */
int conf_set(struct conf *conf, const char *name, const char *value, struct err *err);
void conf_defaults(struct conf *ret_conf);
/* Reads the text of a configuration file. source: its name. 0, -EBADMSG or -ENOMEM. */
int conf_read(struct conf *conf, const char *text, size_t size, const char *source,
	      struct err *err);
void conf_usage(FILE *out, const char *topic); /* topic: as of struct conf */

#endif
