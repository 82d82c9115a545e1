/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlsp against a hostile daemon, and other people's packets. Input: 'r', a command of the table
 * below, then answers "STATUS BODY" that end with "\n%%\n"; libcurl is replaced by one that gives
 * these answers in small pieces. 'w': words to be completed or parsed, one a line. 'i': an IPv4
 * packet of the raw socket that ping reads. Checked: what is printed for people has no control
 * character, so that no name or label talks to the terminal; only an answer makes success.
 */
#include <curl/curl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cli_priv.h"
#include "cli/icmp.h"
#include "cli/netns.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 20

static const char *const commands[] = {
	"status",
	"router list",
	"router show r1",
	"router add r1 --address 10.0.0.1",
	"router delete r1",
	"router stats r1",
	"link list",
	"link show r1:r2",
	"link add r1 r2 --weight 5 --rate 10mbit",
	"link set r1-r2 --weight 10",
	"link down 1 --silent",
	"link up r1-r2",
	"link delete 2",
	"route show r1",
	"topology show",
	"topology delete",
	"topology apply -",
	"topology apply - --dry-run",
	"topology diff -",
	"ping r1 r2 --count 1",
	"trace r1 r2",
	"router list --json",
	"topology delete --quiet",
	"topology export",
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define RAW_FROM (COMMANDS - 3) /* these print the body as it is, or nothing */

/* --- libcurl, as far as lib/client/rest.c uses it ----------------------------------------------
 */

static struct {
	struct input answers;
	size_t (*write)(char *data, size_t one, size_t size, void *arg);
	void *arg;
	long status;
	unsigned calls;
} fake;

static int handle; /* what its address is a CURL * */

CURL *curl_easy_init(void)
{
	return &handle;
}

void curl_easy_cleanup(CURL *curl)
{
	(void)curl;
}

void curl_easy_reset(CURL *curl)
{
	(void)curl;
	fake.write = NULL;
	fake.arg = NULL;
}

#undef curl_easy_setopt
CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
	va_list ap;

	(void)curl;
	va_start(ap, option);
	if (option == CURLOPT_WRITEFUNCTION)
		fake.write = va_arg(ap, size_t(*)(char *, size_t, size_t, void *));
	else if (option == CURLOPT_WRITEDATA)
		fake.arg = va_arg(ap, void *);
	va_end(ap);
	return CURLE_OK;
}

#undef curl_easy_getinfo
CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
	va_list ap;

	(void)curl;
	va_start(ap, info);
	*va_arg(ap, long *) = info == CURLINFO_RESPONSE_CODE ? fake.status : ENOENT;
	va_end(ap);
	return CURLE_OK;
}

CURLcode curl_easy_perform(CURL *curl)
{
	struct input answer = input_until(&fake.answers, "\n%%\n");
	size_t piece = 1 + answer.left / 3;

	(void)curl;
	if (!answer.left || ++fake.calls > 50)
		return CURLE_COULDNT_CONNECT;
	fake.status = 0;
	while (answer.left && answer.at[0] >= '0' && answer.at[0] <= '9' && fake.status < 1000)
		fake.status = fake.status * 10 + (input_byte(&answer) - '0');
	input_byte(&answer);
	while (answer.left) {
		struct input part = input_take(&answer, piece);
		char *copy = input_copy(part);
		size_t n = fake.write(copy, 1, part.left, fake.arg);

		free(copy);
		if (n != part.left)
			return CURLE_WRITE_ERROR;
	}
	return CURLE_OK;
}

/* --- namespaces: there are none ----------------------------------------------------------------
 */

int netns_socket(const char *path, int domain, int type, int protocol, struct err *err)
{
	(void)domain;
	(void)type;
	(void)protocol;
	return err_set(err, ENOENT, "%.100s: none", path);
}

/* -----------------------------------------------------------------------------------------------
 */

static FILE *nowhere;

static int run(int argc, char **argv, char **ret_out)
{
	size_t size;
	FILE *out = open_memstream(ret_out, &size);
	int rc;

	CHECK(out);
	rc = cli_run(argc, argv, out, nowhere);
	CHECK(rc >= CLI_DONE && rc <= CLI_USAGE);
	CHECK(fclose(out) == 0);
	return rc;
}

static void try_answers(struct input in)
{
	char line[100], name[] = "vlsp", *argv[WORDS_MAX + 1] = {name}, *save, *out;
	size_t command = input_byte(&in) % COMMANDS;
	int argc = 1, rc;

	snprintf(line, sizeof(line), "%s", commands[command]);
	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	CHECK(lseek(0, 0, SEEK_SET) == 0);
	rewind(stdin);
	fake.answers = in;
	fake.calls = 0;
	rc = run(argc, argv, &out);
	if (rc == CLI_DONE)
		CHECK(fake.calls > 0 && fake.status < 400);
	for (const unsigned char *p = (unsigned char *)out; *p && command < RAW_FROM; p++)
		CHECK((*p >= ' ' && *p != 0x7f && (p[0] != 0xc2 || p[1] < 0x80 || p[1] >= 0xa0)) ||
		      *p == '\n');
	free(out);
}

static void try_words(struct input in)
{
	char *text = input_text(in), name[] = "vlsp", complete[] = "__complete", *out, *at = text;
	char *argv[WORDS_MAX + 3] = {name, complete};
	struct cli cli = {.out = nowhere, .err = nowhere};
	const char *args[WORDS_MAX + 1];
	int argc = 2;

	while (at && *at && argc < WORDS_MAX + 2) {
		argv[argc++] = at;
		at = strchr(at, '\n');
		if (at)
			*at++ = '\0';
	}
	memset(&fake, 0, sizeof(fake));
	CHECK(run(argc, argv, &out) == CLI_DONE || argc == 2 || !out[0]);
	free(out);
	cli.args = args;
	if (parse_words(&cli, argc - 2, argv + 2) == 0)
		CHECK(cli.arg_count <= (size_t)argc && cli.value_count <= CLI_OPTIONS_MAX);
	free(text);
}

static void try_packet(struct input in)
{
	uint16_t id = input_u16(&in);
	uint8_t *packet = input_copy(in);
	struct icmp_answer answer;

	icmp_read(packet, in.left, id, &answer);
	CHECK(answer.kind == ICMP_OTHER || (answer.size >= 8 && answer.size <= in.left));
	CHECK(icmp_text(&answer)[0]);
	free(packet);
}

/* What has no verb that could be run here. */
static void try_record(struct input in)
{
	json_t *json = json_loadb((const char *)in.at, in.left, 0, NULL);
	char bar[120], *hosts;
	size_t size, lines = 0;

	if (!json)
		return;
	progress_bar(json, 0, bar, sizeof(bar));
	progress_bar(json, 40, bar, sizeof(bar));
	CHECK(strlen(bar) < 40);
	hosts = netns_hosts("127.0.0.1 localhost", json, &size);
	CHECK(hosts && strlen(hosts) == size);
	for (const char *p = hosts; *p; p++)
		lines += *p == '\n';
	CHECK(lines <= 2 + json_array_size(json_object_get(json, "detail")));
	free(hosts);
	if (body_clean(json)) {
		char *text = json_dumps(json, JSON_ENCODE_ANY);

		CHECK(text && !strchr(text, 0x7f));
		free(text);
	}
	json_decref(json);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char file[] = "{\"routers\": [\"r1\"]}";
	int fd = memfd_create("topology", 0);

	(void)argc;
	(void)argv;
	nowhere = fopen("/dev/null", "w");
	CHECK(nowhere && fd >= 0 && write(fd, file, sizeof(file) - 1) > 0 && dup2(fd, 0) == 0);
	close(fd);
	unsetenv("VLSP_URL");
	unsetenv("VLSP_RUNTIME_DIR");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	switch (input_byte(&in)) {
	case 'r':
		try_answers(in);
		break;
	case 'w':
		try_words(in);
		break;
	case 'i':
		try_packet(in);
		break;
	case '{':
		try_record((struct input){data, size});
		break;
	}
	return 0;
}
