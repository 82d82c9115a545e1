// SPDX-License-Identifier: GPL-2.0-or-later
/* vlsp app: what it asks the daemon for, and what people read of it. */
#include "tests/unit/cli/fake_daemon.h"

#define RECORD                                                                                     \
	"{\"id\":7,\"aid\":1,\"routerID\":3,\"router\":\"r1\",\"name\":\"web\",\"classname\":"     \
	"\"/usr/sbin/nginx\",\"args\":\"-g x\",\"kind\":\"program\",\"state\":\"running\","        \
	"\"ready\":true,\"pid\":42,\"restarts\":2,\"runtime\":1500,\"error\":\"\",\"usage\":{"     \
	"\"processes\":3,\"cpuUser\":0.25,\"cpuSystem\":0.5,\"memory\":2000000,\"memoryMax\":"     \
	"3500000,\"rxPackets\":1,\"rxBytes\":100,\"txPackets\":2,\"txBytes\":200},\"values\":{"    \
	"\"requests\":\"12\",\"requests.wrong\":\"0\"},\"functions\":[{\"match\":\"udp\","         \
	"\"place\":0,\"policy\":"                                                                  \
	"\"closed\","                                                                              \
	"\"dead\":true,\"packets\":5,\"bytes\":320,\"dropped\":2,\"skipped\":0}]}"
#define ENDED                                                                                      \
	"{\"id\":8,\"aid\":2,\"routerID\":3,\"router\":\"r1\",\"name\":\"job\",\"classname\":"     \
	"\"/bin/job\",\"args\":\"\",\"kind\":\"program\",\"state\":\"ended\",\"ready\":false,"     \
	"\"pid\":0,\"exit\":3,\"runtime\":20,\"error\":\"it ended\"}"

static const struct canned rows[] = {
	{"GET /app/shipped", 200, "{\"type\":\"shipped\",\"list\":[{\"name\":\"echo\"}]}"},
	{"POST /router/r1/app/", 201, RECORD},
	{"POST /router/r1/app/?timeout=0.5&no_wait=true", 201, RECORD},
	{"POST /router/bad/app/", 422, "{\"error\":\"/usr/bin/x: No such file or directory\"}"},
	{"GET /app/?detail=all", 200,
	 "{\"type\":\"app\",\"list\":[8,9,12],\"detail\":[" ENDED
	 ",{\"id\":9,\"aid\":3,\"routerID\":1,\"router\":\"r9\",\"name\":\"first\",\"classname\":"
	 "\"echo\","
	 "\"kind\":\"program\",\"state\":\"planned\"}," RECORD "]}"},
	{"GET /router/r1/app/?detail=all", 200, "{\"type\":\"app\",\"list\":[],\"detail\":[]}"},
	{"GET /router/r1/app/web", 200, RECORD},
	{"GET /router/r1/app/job", 200, ENDED},
	{"DELETE /router/r1/app/web", 200, "{\"appID\":7,\"name\":\"web\",\"success\":true}"},
	{"DELETE /router/r1/app/web?no_wait=true", 200, "{\"appID\":7,\"name\":\"web\"}"},
	{"DELETE /router/r1/app/", 200, "{\"routerID\":3,\"names\":[\"web\",\"job\"]}"},
	{"DELETE /router/r1/app/?no_wait=true", 200, "{\"routerID\":3,\"names\":[\"web\"]}"},
	{"DELETE /router/r2/app/", 200, "{\"routerID\":4,\"names\":[]}"},
	{"POST /router/r1/app/?no_wait=true", 201, RECORD},
	{"POST /router/r1/app/web/restart", 200, RECORD},
	{"PUT /router/r1/app/web?key=to&value=r2:7%3D", 200, RECORD},
	{"GET /router/r1/app/web/log", 200, "one\n\033two \302\233m \233m \303\251 \351\n"},
	{"GET /router/r1/app/web/log?stream=err&tail=5&times=true", 200, "1.5 e three\n"},
	{"GET /router/r1/app/web/log?follow=true", 200,
	 "event: out\ndata: four\n\nevent: err\ndata: fi\033ve\n\nevent: end\ndata:\n\n"},
	{"GET /router/r1/app/web/log?tail=1&follow=true", 200, "event: out\ndata: four\n\n"},
	{NULL, 0, NULL},
};

static void a_shipped_one_starts_by_its_name(void **state)
{
	(void)state;
	expect("app start r1 echo 8 -v", 0, "app web: id 7 on r1, ready\n", "");
	assert_string_equal(fake.request, "POST /router/r1/app/");
	assert_string_equal(fake.body, "{\"run\":\"echo\",\"args\":[\"8\",\"-v\"]}");
	expect("app start r1 echo '' -v", 0, "ready", "");
	assert_string_equal(fake.body, "{\"run\":\"echo\",\"args\":[\"\",\"-v\"]}");
	expect("app start r1 ''", 2, "", "NAME|PATH: is empty");
	expect("app start --timeout 500ms --no-wait r1 echo", 0, "ready", "");
}

/* And is called as it was, also where that is a link. */
static void any_program_starts_by_path_or_as_in_a_shell(void **state)
{
	char dir[] = "/tmp/vlsp-app-test.XXXXXX", line[100];

	(void)state;
	expect("app start r1 /bin/../bin/sh -c true", 0, "app web", "");
	assert_non_null(strstr(fake.body, "/sh\",\"args\":[\"-c\",\"true\"]}"));
	expect("app start r1 env", 0, "app web", "");
	assert_non_null(strstr(fake.body, "/env\"}"));
	assert_non_null(mkdtemp(dir));
	snprintf(line, sizeof(line), "app start r1 %s/other", dir);
	assert_int_equal(symlink("/bin/true", strchr(line, '/')), 0);
	expect(line, 0, "app web", "");
	assert_non_null(strstr(fake.body, "/other\"}"));
	unlink(strchr(line, '/'));
	rmdir(dir);
	expect("app start r1 nothing-of-that-name", 1, "",
	       "nothing-of-that-name: neither a shipped application nor a program in PATH");
	expect("app start r1 ehco", 1, "",
	       "ehco: neither a shipped application nor a program in PATH (did you mean 'echo'?)");
	expect("app start r1 ./nowhere", 1, "", "./nowhere: No such file or directory");
}

/* app start with so many of an option is refused. */
static void many(const char *option, size_t count, const char *why)
{
	char *line = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&line, &size);

	assert_non_null(f);
	fputs("app start", f);
	for (size_t i = 0; i < count; i++) {
		fputc(' ', f);
		if (strchr(option, '%'))
			fprintf(f, "--env A%zu=1", i); /* another each time */
		else
			fputs(option, f);
	}
	fputs(" r1 echo", f);
	fclose(f);
	expect(line, 2, "", why);
	free(line);
}

static void options_become_fields(void **state)
{
	char path[] = "/tmp/vlsp-app-test.XXXXXX", line[400];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0 && write(fd, "foo", 3) == 3);
	close(fd);
	snprintf(line, sizeof(line),
		 "app start --name x -e A=1 --env B=2=3 --dir /srv --user root --file %s:/etc/f "
		 "--restart always --ready settled --after a --after r2/b --memory 64M --cpu 50%% "
		 "--pids 9 --grace 1s --log 64K r1 echo --name y",
		 path);
	expect(line, 0, "app web", "");
	assert_string_equal(fake.body,
			    "{\"run\":\"echo\",\"args\":[\"--name\",\"y\"],\"name\":\"x\",\"dir\":"
			    "\"/srv\",\"user\":\"root\",\"restart\":\"always\",\"ready\":"
			    "\"settled\",\"grace\":\"1s\",\"log\":\"64K\",\"limits\":{\"memory\":"
			    "\"64M\",\"cpu\":\"50%\",\"pids\":\"9\"},\"files\":[{\"path\":"
			    "\"/etc/f\",\"base64\":\"Zm9v\"}],\"env\":{\"A\":\"1\",\"B\":\"2=3\"},"
			    "\"after\":[\"a\",\"r2/b\"]}");
	snprintf(line, sizeof(line), "app start --bpf --order 7 --policy closed --match udp r1 %s",
		 path);
	expect(line, 0, "app web", "");
	assert_non_null(strstr(fake.body, "{\"bpf\":\"/tmp/vlsp-app-test."));
	assert_non_null(strstr(fake.body, "\"match\":\"udp\",\"policy\":\"closed\",\"order\":7}"));
	unlink(path);
	expect("app start --env A r1 echo", 2, "", "--env A: expected NAME=VALUE");
	expect("app start --file a r1 echo", 2, "", "--file a: expected LOCAL:/PATH");
	expect("app start --file /nowhere:/a r1 echo", 1, "", "/nowhere: No such file");
	expect("app start --file /usr:/a r1 echo", 1, "", "/usr: is a directory, not a file");
	expect("app start --file /dev/null:/a r1 echo", 1, "", "/dev/null: is a device");
	expect("app start --restart often r1 echo", 2, "", "often");
	many("--file /etc/passwd:/a", 70, "--file: at most 16 of one application");
	many("--env %", 65, "--env: at most 64 of one application");
	many("--after a", 129, "--after: too many options: at most 128 in all");
	expect("app start --match udp r1 pass", 2, "", "--match: is of --bpf here");
	expect("app start --bpf r1 /tmp/a.o --match udp", 2, "",
	       "--match: stands behind /tmp/a.o: options go before it");
	expect("app start bad echo", 1, "", "/usr/bin/x: No such file or directory");
}

static void people_read_what_runs(void **state)
{
	(void)state;
	expect_exactly(
		"app list",
		"ROUTER  AID  NAME   STATE           RUN TIME  PID  ID  PROGRAM AND ARGUMENTS\n"
		"r9        3  first  planned             0 ms    0   9  echo\n"
		"r1        1  web    ready             1.50 s   42   7  /usr/sbin/nginx -g x\n"
		"r1        2  job    ended (exit 3)     20 ms    0   8  /bin/job\n");
	expect("app list r1", 0, "ROUTER", "");
	expect_exactly("app show r1 web",
		       "name       web\n"
		       "id         7, number 1 on r1\n"
		       "runs       /usr/sbin/nginx -g x\n"
		       "state      ready\n"
		       "run time   1.50 s\n"
		       "restarts   2\n"
		       "pid        42\n"
		       "processes  3\n"
		       "cpu        0.25 s user, 0.50 s system\n"
		       "memory     2.0 MB, at most 3.5 MB\n"
		       "network    received 100 bytes in 1 packets, sent 200 "
		       "bytes in 2 packets\n"
		       "function   1 of the router, closed, dead: udp\n"
		       "           given 5 (320 bytes), dropped 2, went on without it 0\n"
		       "requests       12\n"
		       "requests.wrong 0\n");
	expect("app show r1 job", 0, "state      ended (exit 3)\nerror      it ended\n", "");
	expect("app show r1 nobody", 1, "", "no such thing");
}

static void they_are_stopped_and_told_things(void **state)
{
	(void)state;
	expect_exactly("app stop r1 web", "app web: stopped\n");
	expect_exactly("app stop --no-wait r1 web", "app web: ends\n");
	expect_exactly("app stop r1 --all", "app web: stopped\napp job: stopped\n");
	expect_exactly("app stop r1 --all --timeout 0", "app web: ends\n");
	expect_exactly("app stop r2 --all", "router r2: no applications\n");
	expect("app start --timeout 0 r1 echo", 0, "ready", "");
	expect("app stop r1", 2, "", "needs an application, or --all");
	expect("app stop r1 web --all", 2, "", "one too much");
	expect_exactly("app restart r1 web", "app web: started anew\n");
	expect_exactly("app set r1 web to=r2:7=", "app web: told\n");
	expect("app set r1 web to", 2, "", "to: expected KEY=VALUE");
	expect("app set r1 web 123456789012345678901234567890123=x", 2, "",
	       "key: 1 to 32 of a-z 0-9 . _ -");
	expect("app set r1 web TO=r2:7", 2, "", "TO=r2:7: key: 1 to 32 of a-z 0-9 . _ -");
	expect("app set r1 web =x", 2, "", "key: 1 to 32");
	expect("app set r1 web to=a\tb", 2, "", "value: has a line feed or another control");
}

static void output_is_shown_without_commands_to_the_terminal(void **state)
{
	(void)state;
	expect_exactly("app logs r1 web", "one\n?two ?m ?m \303\251 \351\n");
	expect_exactly("app logs --err --tail 5 --times r1 web", "1.5 e three\n");
	expect_exactly("app logs -f r1 web", "four\nfi?ve\n");
	expect("app logs -f --tail 1 r1 web", 1, "four\n", "the daemon has ended the stream");
	expect("app logs -f r1 nobody", 1, "", "no such thing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shipped_one_starts_by_its_name),
		cmocka_unit_test(any_program_starts_by_path_or_as_in_a_shell),
		cmocka_unit_test(options_become_fields),
		cmocka_unit_test(people_read_what_runs),
		cmocka_unit_test(they_are_stopped_and_told_things),
		cmocka_unit_test(output_is_shown_without_commands_to_the_terminal),
	};

	fake.rows = rows;
	return cmocka_run_group_tests(tests, fake_start, fake_stop);
}
