// SPDX-License-Identifier: GPL-2.0-or-later
/* What each noun asks the daemon for, and what people read of its answers. */
#include "tests/unit/cli/fake_daemon.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cli/progress.h"
#include "lib/base/cleanup.h"
#include "lib/topo/shape.h"

#define COUNTS(ttl)                                                                                \
	"{\"rx_packets\":10,\"rx_bytes\":840,\"tx_packets\":9,\"tx_bytes\":756,"                   \
	"\"drops\":{\"ttl\":" #ttl ",\"no-route\":0,\"checksum\":2}}"
#define ROUTER1                                                                                    \
	"{\"routerID\":1,\"name\":\"r1\",\"address\":\"10.0.0.1\",\"links\":[2],\"linkIDs\":[1],"  \
	"\"linkDetail\":[{\"id\":1,\"name\":\"r1-r2\",\"weight\":1,\"port\":17,"                   \
	"\"device\":\"to-r2\",\"ends\":[1,2]}],\"state\":\"running\",\"host\":\"localhost\","      \
	"\"pid\":4711,\"netns\":\"/run/netns/r1\",\"reachable\":1,\"label\":\"Köln\","            \
	"\"latitude\":50.9,\"longitude\":6.96}"
#define ROUTER2                                                                                    \
	"{\"routerID\":12,\"name\":\"long-name\",\"address\":\"10.0.0.2\",\"links\":[],"           \
	"\"linkIDs\":[],\"state\":\"running\",\"pid\":5,\"netns\":\"\",\"reachable\":0}"
#define LINK1                                                                                      \
	"{\"id\":1,\"linkID\":1,\"name\":\"r1-r2\",\"linkName\":\"r1-r2\",\"weight\":10,"          \
	"\"nodes\":[1,2],\"state\":\"silent\",\"oper\":[true,false],"                              \
	"\"devices\":[\"to-r2\",\"to-r1\"],\"names\":[\"r1\",\"r2\"],\"shape\":{\"a-to-b\":"       \
	"{\"rate\":\"1mbit\",\"delay\":\"20ms\"},\"b-to-a\":{\"delay\":\"20ms\"}}"
#define EMULATED                                                                                   \
	",\"backends\":{\"a-to-b\":\"bpf, "                                                        \
	"relay\",\"b-to-a\":\"tc\"},\"emulation\":[{\"duplicated\":3,"                             \
	"\"corrupted\":0,\"reordered\":1,\"late\":12,\"lateMaxUs\":5940,\"queue\":0,\"queueMax\":" \
	"7,"                                                                                       \
	"\"held\":2},{\"duplicated\":0,\"corrupted\":0,\"reordered\":0,\"late\":0,\"lateMaxUs\":"  \
	"0,"                                                                                       \
	"\"queue\":0,\"queueMax\":0,\"held\":0}]"
#define LINK2                                                                                      \
	"{\"id\":2,\"linkID\":2,\"name\":\"x\",\"weight\":1,\"names\":[\"r1\",\"r3\"],"            \
	"\"state\":\"up\",\"oper\":[true,true],\"shape\":{\"a-to-b\":{},\"b-to-a\":{}}}"
#define LINK3                                                                                      \
	"{\"id\":3,\"linkID\":3,\"name\":\"y\",\"weight\":1,\"names\":[\"r1\",\"r3\"],"            \
	"\"state\":\"up\",\"oper\":[true,false],\"shape\":{\"a-to-b\":{},\"b-to-a\":{}}}"
#define SUMMARY                                                                                    \
	"\"success\":true,\"changed\":true,\"msg\":\"\",\"routersAdded\":2,\"routersRemoved\":0,"  \
	"\"routersChanged\":0,\"linksAdded\":1,\"linksRemoved\":3,\"linksChanged\":0,"             \
	"\"converged\":true,\"op_time\":412"
#define ROUTERS "{\"type\":\"router\",\"list\":[1,12],\"detail\":[" ROUTER1 "," ROUTER2 "]}"

static const struct canned rows[] = {
	{"GET /health", 200,
	 "{\"status\":\"ok\",\"version\":\"0.1.0\",\"instance\":\"default\",\"pid\":77,"
	 "\"uptime_ms\":185000,\"runtimeDir\":\"/run/vlsp\",\"routers\":3,\"links\":2,"
	 "\"linksUp\":1,\"routersRunning\":2,\"routersConverged\":3,\"converged\":false,"
	 "\"operationsPending\":4}"},
	{"GET /doctor", 200,
	 "{\"capabilities\":[{\"name\":\"relay\",\"serves\":\"delay, "
	 "rate\",\"present\":true,\"why\":\"\"},"
	 "{\"name\":\"sch_netem\",\"serves\":\"backend tc\",\"present\":false,\"why\":\"No such "
	 "file or "
	 "directory\"}]}"},
	{"GET /router/?detail=all", 200, ROUTERS},
	{"POST /topology/reconcile", 200,
	 "{\"changed\":true,\"dryRun\":false,\"msg\":\"\",\"routersMade\":1,\"linksMade\":2,"
	 "\"linksSet\":0,\"strays\":1,\"example\":\"router r1: it is gone\"}"},
	{"POST /topology/reconcile?dry=true", 200,
	 "{\"changed\":true,\"dryRun\":true,\"msg\":\"\",\"routersMade\":0,\"linksMade\":0,"
	 "\"linksSet\":1,\"strays\":0,\"example\":\"\"}"},
	{"GET /router/r1", 200, ROUTER1},
	{"GET /router/a%2Fb%20c%3F", 404, "{\"error\":\"router: there is no 'a/b c?'\"}"},
	{"GET /router/%2E%2E", 404, "{\"error\":\"router: there is no '..'\"}"},
	{"GET /router/r1/stats", 200,
	 "{\"routerID\":1,\"edge\":" COUNTS(
		 0) ",\"links\":[{\"linkID\":1,\"name\":\"r1-r2\",\"device\":\"to-r2\",\"counts\":"
		    "" COUNTS(3) "}]}"},
	{"GET /router/r1/route/", 200,
	 "{\"routerID\":1,\"routes\":[{\"destination\":\"10.0.0.3\",\"name\":\"r3\",\"nexthop\":"
	 "\"10.0.0.2\",\"nexthopName\":\"r2\",\"device\":\"to-r2\",\"linkID\":1,\"metric\":12}]}"},
	{"POST /router/?name=r9&address=10.0.0.9", 201,
	 "{\"routerID\":9,\"name\":\"r9\",\"address\":\"10.0.0.9\",\"success\":true}"},
	{"POST /router/", 201,
	 "{\"routerID\":10,\"name\":\"Router-10\",\"address\":\"10.0.0.10\",\"success\":true}"},
	{"DELETE /router/r9", 200, "{\"router\":9,\"name\":\"r9\",\"success\":true}"},
	{"GET /link/?detail=all", 200,
	 "{\"type\":\"link\",\"list\":[1,2,3],\"detail\":[" LINK1 "}," LINK2 "," LINK3 "]}"},
	{"GET /link/y", 200, LINK3},
	{"GET /router/count", 200, "{\"value\":2}"},
	{"GET /router/maxid", 200, "{\"value\":12}"},
	{"GET /link/count", 200, "{\"value\":3}"},
	{"GET /link/r1:r2", 200, LINK1 ",\"counts\":[" COUNTS(0) "," COUNTS(1) "]}"},
	{"PUT /link/r1-r2?weight=10", 200, LINK1 "}"},
	{"PUT /link/1?state=silent", 200, LINK1 "}"},
	{"PUT /link/2?state=down", 200, LINK2},
	{"PUT /link/2?state=up", 200, LINK2},
	{"DELETE /link/2", 200, "{\"linkID\":2,\"linkName\":\"x\",\"success\":true}"},
	{"POST /link/?router1=r1&router2=r2&loss=1%25", 201,
	 "{\"linkID\":3,\"linkName\":\"r1-r2\",\"weight\":1,\"warnings\":[\"so and so\"]}"},
	{"PUT /link/1?rate=1mbit&delay=20ms&loss=5&burst-loss=none&from=10.0.0.1", 200, LINK1 "}"},
	{"PUT /link/1?weight=10&order=keep&overhead=-4", 200, LINK1 "}"},
	{"PUT /link/9?delay=1ms", 422,
	 "{\"error\":\"r1 to r2: delay: needs sch_netem, which is not there\"}"},
	{"GET /link/4", 200, LINK1 EMULATED "}"},
	{"GET /topology/", 200,
	 "{\"name\":\"net\",\"network\":\"10.0.0.0/16\",\"routing\":\"central\",\"routers\":2,"
	 "\"links\":1,\"converged\":true,\"routersConverged\":2}"},
	{"GET /topology/?format=yaml", 200, "name: net\n"},
	{"GET /topology/?format=dot", 200, "graph {}\n"},
	{"GET /topology/?format=graphml", 200, "<graphml/>\n"},
	{"GET /topology/?format=json", 200,
	 "{\"routers\":[{\"name\":\"a\",\"apps\":[\"echo\",\"ping\"]},{\"name\":\"b\",\"apps\":["
	 "\"echo\"]}]}"},
	{"PUT /topology/?source=net.yaml", 200, "{" SUMMARY ",\"warnings\":[\"two labels\"]}"},
	{"PUT /topology/?source=net.yaml&replace=true&no_wait=true&timeout=1.500", 200,
	 "{" SUMMARY "}"},
	{"PUT /topology/?source=same.yaml", 200,
	 "{\"success\":true,\"changed\":false,\"msg\":\"nothing to do\"}"},
	{"PUT /topology/?source=wrong.yaml", 422,
	 "{\"error\":\"wrong.yaml:2: links[0].weight: is not a number\"}"},
	{"PUT /topology/?source=odd.yaml", 500, "<html>"},
	{"POST /topology/diff?source=net.yaml", 200,
	 "{" SUMMARY ",\"lines\":[{\"sign\":\"+\",\"noun\":\"router\",\"name\":\"r9\",\"fields\":"
	 "\"\"},{\"sign\":\"~\",\"noun\":\"link\",\"name\":\"a-b\",\"fields\":\"weight 1 -> "
	 "5\"}]}"},
	{"POST /topology/diff?source=same.yaml", 200, "{\"changed\":false,\"lines\":[]}"},
	{"DELETE /topology/", 200, "{" SUMMARY "}"},
	{NULL, 0, NULL},
};

static void status_says_what_runs(void **state)
{
	(void)state;
	expect_exactly("status", "vlspd       running: version 0.1.0, pid 77, up 3 min 5 s\n"
				 "instance    default (/run/vlsp)\n"
				 "routers     3: 2 running, 3 converged\n"
				 "links       2: 1 up\n"
				 "converged   no\n"
				 "operations  4 pending\n");
}

static void doctor_says_what_is_missing_and_why(void **state)
{
	(void)state;
	expect_exactly("doctor", "   CAPABILITY  SERVES       MISSING BECAUSE\n"
				 "+  relay       delay, rate  -\n"
				 "-  sch_netem   backend tc   No such file or directory\n");
	expect("doctor --json", 0, "{\"capabilities\":[{", "");
	expect("doctor show", 2, "", "doctor");
}

/* Of a daemon that has a warning, and of one that is older than warnings. */
static void status_warns_of_a_machine_that_is_too_slow(void **state)
{
	static const struct canned slow[] = {
		{"GET /health", 200,
		 "{\"version\":\"1\",\"pid\":7,\"pace\":{\"warning\":\"this machine is too "
		 "slow\"}}"},
		{NULL, 0, NULL},
	};
	const struct canned *before = fake.rows;

	(void)state;
	expect("status", 0, "operations  4 pending\n", "");
	fake.rows = slow;
	expect("status", 0, "operations  0 pending\nemulation   this machine is too slow\n", "");
	fake.rows = before;
}

static void json_is_the_body_as_it_came(void **state)
{
	(void)state;
	for (const struct canned *row = rows; row->request; row++)
		if (strcmp(row->request, "GET /health") == 0) {
			char want[600];

			snprintf(want, sizeof(want), "%s\n", row->body);
			expect_exactly("status --json", want);
		}
	expect_exactly("router list --json", ROUTERS "\n");
	expect_exactly("link set r1-r2 --weight 10 --json", LINK1 "}\n");
	expect_exactly("topology delete --json", "{" SUMMARY "}\n");
}

static void routers_are_listed_in_columns(void **state)
{
	(void)state;
	expect_exactly("router list", "ID  NAME       ADDRESS   STATE    LINKS  REACHABLE   PID\n"
				      "1   r1         10.0.0.1  running      1          1  4711\n"
				      "12  long-name  10.0.0.2  running      0          0     5\n");
}

static void one_router_is_shown_with_its_links(void **state)
{
	(void)state;
	expect_exactly("router show r1", "router     r1\n"
					 "id         1\n"
					 "address    10.0.0.1\n"
					 "state      running\n"
					 "reachable  1 router\n"
					 "host       localhost\n"
					 "pid        4711\n"
					 "namespace  /run/netns/r1\n"
					 "label      Köln\n"
					 "position   50.9000 6.9600\n"
					 "\n"
					 "LINK  NAME   DEVICE  WEIGHT\n"
					 "1     r1-r2  to-r2        1\n");
}

static void counters_name_the_causes_of_drops_that_happened(void **state)
{
	(void)state;
	expect_exactly(
		"router stats r1",
		"LINK    DEVICE  RX-PACKETS  RX-BYTES  TX-PACKETS  TX-BYTES  DROPS\n"
		"(edge)  -               10       840           9       756  checksum 2\n"
		"r1-r2   to-r2           10       840           9       756  ttl 3, checksum 2\n");
}

static void routes_name_the_next_hop(void **state)
{
	(void)state;
	expect_exactly("route show r1", "DESTINATION  NAME  NEXT-HOP  VIA  DEVICE  METRIC\n"
					"10.0.0.3     r3    10.0.0.2  r2   to-r2       12\n");
}

static void routers_are_made_and_deleted(void **state)
{
	(void)state;
	expect("router add r9 --address 10.0.0.9", 0, "router r9: id 9, address 10.0.0.9\n", "");
	expect("router add", 0, "router Router-10: id 10", "");
	expect_exactly("router add -q", "");
	expect("router delete r9", 0, "router r9: deleted", "");
	expect("router delete r8", 1, "", "vlsp: no such thing\n");
}

static void what_people_type_is_one_segment_of_the_path(void **state)
{
	(void)state;
	struct ran ran;
	char *argv[] = {(char *)"vlsp", (char *)"router", (char *)"show", (char *)"a/b c?"};
	size_t n, m;
	FILE *out = open_memstream(&ran.out, &n), *err = open_memstream(&ran.err, &m);

	assert_int_equal(cli_run(4, argv, out, err), 1);
	fclose(out);
	fclose(err);
	assert_string_equal(ran.err, "vlsp: router: there is no 'a/b c?'\n");
	ran_free(&ran);
	expect("router show ..", 1, "", "there is no '..'");
}

static void a_word_of_the_paths_is_no_router_and_no_link(void **state)
{
	static const char *const lines[] = {"router show count", "router show count --json",
					    "ping count r1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		expect(lines[i], 1, "", "vlsp: there is no router 'count'\n");
	expect("router show maxid", 1, "", "vlsp: there is no router 'maxid'\n");
	expect("link show count", 1, "", "vlsp: there is no link 'count'\n");
}

static void links_are_listed_with_their_shape(void **state)
{
	(void)state;
	expect_exactly("link list",
		       "ID  NAME   A   B   WEIGHT  STATE    SHAPE\n"
		       "1   r1-r2  r1  r2      10  silent   a-to-b: rate 1mbit delay 20ms, b-to-a: "
		       "delay 20ms\n"
		       "2   x      r1  r3       1  up       -\n"
		       "3   y      r1  r3       1  unheard  -\n");
}

static void one_link_is_shown_with_both_ends(void **state)
{
	(void)state;
	expect("link show r1:r2", 0,
	       "END  DEVICE  HEARS  RX-PACKETS  RX-BYTES  TX-PACKETS  TX-BYTES  DROPS\n"
	       "r1   to-r2   yes            10       840           9       756  checksum 2\n"
	       "r2   to-r1   no             10       840           9       756  ttl 1, "
	       "checksum 2\n",
	       "");
	expect("link show r1:r2", 0, "\nstate   silent\n", "");
	expect("link show r1:r2", 0,
	       "\nshape   r1 to r2: rate 1mbit delay 20ms\n        r2 to r1: delay 20ms\n\nEND",
	       "");
	expect("link show y", 0, "\nshape   r1 to r3: -\n        r3 to r1: -\n", "");
	expect("link show y", 0, "\nstate   unheard\n", "");
}

static void one_link_tells_what_emulates_it_and_how_that_goes(void **state)
{
	(void)state;
	expect("link show 4", 0,
	       "weight  10\n"
	       "shape   r1 to r2: rate 1mbit delay 20ms\n"
	       "        by bpf, relay\n"
	       "        duplicated 3, reordered 1, late 12 (up to 5.9 ms), queue 0 (up to 7), held "
	       "2\n"
	       "        r2 to r1: delay 20ms\n"
	       "        by tc\n"
	       "\n",
	       "");
}

static void links_change_shape_by_what_is_named(void **state)
{
	static const char is[] =
		"link r1-r2: silent, weight 10, shape a-to-b: rate 1mbit delay 20ms, "
		"b-to-a: delay 20ms\n";

	(void)state;
	expect("link set 1 --from 10.0.0.1 --rate 1mbit --delay 20ms --loss 5 --burst-loss none", 0,
	       is, "");
	expect("link set 1 --overhead -4 --order keep --weight 10", 0, is, "");
	expect("link set 9 --delay 1ms", 1, "",
	       "vlsp: r1 to r2: delay: needs sch_netem, which is not there\n");
}

/* One option for each property, of add and of set. */
static void links_take_every_property_of_a_shape(void **state)
{
	static const char *const lines[] = {"link add --help", "link set --help"};
	const char *key;
	char want[40];

	(void)state;
	for (size_t i = 0; (key = topo_shape_key(i)); i++) {
		snprintf(want, sizeof(want), "\n  --%s ", key);
		expect(lines[0], 0, want, "");
		expect(lines[1], 0, want, "");
	}
}

static void links_change_state_and_weight(void **state)
{
	(void)state;
	expect("link set r1-r2 --weight 10", 0, "link r1-r2: silent, weight 10\n", "");
	expect("link down 1 --silent", 0, "silent", "");
	expect("link down 2", 0, "link x: up", "");
	expect("link up 2", 0, "link x: up", "");
	expect("link delete 2", 0, "link x: deleted", "");
	expect("link add r1 r2 --loss 1%", 0, "link r1-r2: id 3", "vlsp: warning: so and so\n");
}

static char work[] = "/tmp/vlsp-cli-files.XXXXXX";

static int in_a_directory(void **state)
{
	static const char *const names[] = {"net.yaml", "same.yaml", "wrong.yaml", "odd.yaml"};

	if (!mkdtemp(work) || chdir(work) != 0 || fake_start(state) != 0)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		FILE *f = fopen(names[i], "w");

		fputs("routers: [r1]\n", f);
		fclose(f);
	}
	fclose(fopen("empty.yaml", "w"));
	return truncate("empty.yaml", 0) || mkdir("dir", 0700) || symlink("/dev/zero", "zero");
}

static int out_of_the_directory(void **state)
{
	static const char *const names[] = {"net.yaml", "same.yaml",  "wrong.yaml", "odd.yaml",
					    "zero",	"empty.yaml", "huge.yaml",  "out.dot"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	rmdir("dir");
	rmdir(work);
	return fake_stop(state);
}

static void apply_sends_the_file_as_it_is_and_says_what_changed(void **state)
{
	(void)state;
	expect_exactly("topology apply net.yaml",
		       "2 routers, 1 link: +2 routers, +1 link, -3 links in 0.41 s, converged\n");
	expect("topology apply net.yaml", 0, "", "vlsp: warning: two labels\n");
	expect("topology apply net.yaml --json", 0, "{" SUMMARY ",\"warnings\"", "");
	expect_exactly("topology apply net.yaml -q", "");
	assert_string_equal(fake.request, "PUT /topology/?source=net.yaml");
	assert_string_equal(fake.body, "routers: [r1]\n");
	expect("topology apply net.yaml --replace --no-wait --timeout 1500ms", 0, "+2 routers", "");
	expect_exactly("topology apply same.yaml", "nothing to do\n");
}

static void reconcile_says_what_was_not_well(void **state)
{
	(void)state;
	expect_exactly("topology reconcile", "1 router made again, 2 links made again, 1 stray "
					     "removed (router r1: it is gone)\n");
	expect_exactly("topology reconcile -n", "to do: 1 link set right\n");
	expect("topology reconcile --json", 0, "{\"changed\":true,\"dryRun\":false", "");
	expect_exactly("topology reconcile -q", "");
}

static void diff_and_dry_run_print_lines(void **state)
{
	static const char want[] = "+ router r9\n~ link a-b: weight 1 -> 5\n"
				   "to do: +2 routers, +1 link, -3 links\n";

	(void)state;
	expect_exactly("topology diff net.yaml", want);
	expect_exactly("topology apply net.yaml --dry-run", want);
	expect_exactly("topology diff same.yaml", "nothing to do\n");
}

static void a_file_that_cannot_be_sent_is_named(void **state)
{
	(void)state;
	assert_int_equal(0, truncate("empty.yaml", 0));
	fclose(fopen("huge.yaml", "w"));
	assert_int_equal(0, truncate("huge.yaml", (32 << 20) + 1));
	for (int i = 0; i < 3; i++) {
		static const char *const verbs[] = {"apply", "diff", "validate"};
		static const char *const rows_of_bad[][2] = {
			{"dir", "vlsp: dir: is a directory"},
			{"empty.yaml", "vlsp: empty.yaml: is empty"},
			{"nowhere.yaml", "vlsp: nowhere.yaml: No such file or directory"},
			{"huge.yaml", "vlsp: huge.yaml: larger than 32 MB"},
			{"zero", "vlsp: zero: larger than 32 MB"},
		};

		for (size_t j = 0; j < 5; j++) {
			char line[80];

			snprintf(line, sizeof(line), "topology %s %s", verbs[i], rows_of_bad[j][0]);
			expect(line, 1, "", rows_of_bad[j][1]);
		}
	}
}

static void the_reason_of_a_refusal_is_passed_on(void **state)
{
	(void)state;
	expect("topology apply wrong.yaml", 1, "",
	       "vlsp: wrong.yaml:2: links[0].weight: is not a number\n");
	expect("topology apply odd.yaml", 1, "", "answered 500 without a reason");
}

static void a_topology_is_shown_exported_and_deleted(void **state)
{
	char text[40] = "";
	FILE *f;

	(void)state;
	expect("topology show", 0, "routing    central\nrouters    2, 2 converged\n", "");
	expect_exactly("topology export", "name: net\n");
	expect_exactly("topology export -o out.dot", "");
	expect("topology export --format graphml", 0, "<graphml/>\n",
	       "warning: graphml has no applications: 3 left out");
	f = fopen("out.dot", "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "graph {}\n");
	expect("topology export -o /nowhere/x", 1, "", "/nowhere/x: No such file");
	expect_exactly("topology delete", "+2 routers, +1 link, -3 links in 0.41 s\n");
}

static void validate_and_convert_need_no_daemon(void **state)
{
	(void)state;
	expect_exactly("--url unix:///nowhere topology validate net.yaml",
		       "net.yaml: valid, 1 router, 0 links\n");
	expect("topology validate net.yaml --json", 0, "\"routers\":1", "");
	expect("topology convert net.yaml --format json", 0, "\"r1\"", "");
	expect("topology generate line 3 --prefix n -o /dev/stdout --format dot", 0, "", "");
	expect("topology generate ring 4 --format json", 0, "\"r4\"", "");
	expect("topology generate random-walk 4", 2, "", "random-walk");
}

static void a_daemon_that_is_not_there_is_told_with_the_way_to_start_it(void **state)
{
	(void)state;
	expect("status --runtime-dir /nowhere", 1, "",
	       "vlsp: vlspd is not running (no /nowhere/vlspd.sock): start it with: sudo vlspd "
	       "start\n");
	expect("status --url unix:///nowhere/s", 1, "", "no /nowhere/s");
	expect("status --url ftp://x", 1, "", "url: 'ftp://x' does not start with");
	expect("status --url http://", 1, "", "names no host");
	expect("status --url http://127.0.0.1:1", 1, "", "does not answer at http://127.0.0.1:1");
}

static void the_bar_grows_with_what_is_done(void **state)
{
	json_t *op = json_pack("{s:i,s:i,s:s}", "done", 7, "total", 28, "state", "running");
	char buf[100];

	(void)state;
	assert_string_equal(progress_bar(op, 0, buf, sizeof(buf)),
			    "[#####...............] 7/28 running");
	assert_string_equal(progress_bar(op, 36, buf, sizeof(buf)),
			    "[#####...............] 7/28 running");
	assert_string_equal(progress_bar(op, 35, buf, sizeof(buf)), "7/28");
	assert_string_equal(progress_bar(op, 4, buf, sizeof(buf)), "");
	json_object_set_new(op, "done", json_integer(28));
	assert_string_equal(progress_bar(op, 0, buf, sizeof(buf)),
			    "[####################] 28/28 running");
	json_object_clear(op);
	assert_string_equal(progress_bar(op, 0, buf, sizeof(buf)), "[....................] 0/0 ");
	json_decref(op);
}

/* The child waits for an answer that does not come. */
static pid_t deleting(const char *hang, int *ret_fd)
{
	char *words[] = {(char *)"vlsp", (char *)"topology", (char *)"delete", (char *)"--url",
			 (char *)(uintptr_t)hang};
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		FILE *err = fdopen(fds[1], "w");

		signal(SIGINT, SIG_DFL);
		_exit(err ? cli_run(5, words, stdout, err) : 99);
	}
	close(fds[1]);
	*ret_fd = fds[0];
	return pid;
}

static void an_interrupt_says_that_the_operation_goes_on(void **state)
{
	static const char said[] =
		"interrupted: the operation goes on in vlspd; see: vlsp status\n";
	char url[120], text[200] = "";
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err, fd, status;
	pid_t pid;

	(void)state;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/hang.sock", fake.dir);
	snprintf(url, sizeof(url), "unix://%s", addr.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid = deleting(url, &err);
	fd = accept(listener, NULL, NULL);
	assert_true(read(fd, text, 6) == 6); /* the request is under way */
	assert_memory_equal(text, "DELETE", 6);
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
	memset(text, 0, sizeof(text));
	assert_true(read(err, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, said);
	close(fd);
	close(err);
	close(listener);
	unlink(addr.sun_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_says_what_runs),
		cmocka_unit_test(doctor_says_what_is_missing_and_why),
		cmocka_unit_test(status_warns_of_a_machine_that_is_too_slow),
		cmocka_unit_test(json_is_the_body_as_it_came),
		cmocka_unit_test(routers_are_listed_in_columns),
		cmocka_unit_test(one_router_is_shown_with_its_links),
		cmocka_unit_test(counters_name_the_causes_of_drops_that_happened),
		cmocka_unit_test(routes_name_the_next_hop),
		cmocka_unit_test(routers_are_made_and_deleted),
		cmocka_unit_test(what_people_type_is_one_segment_of_the_path),
		cmocka_unit_test(a_word_of_the_paths_is_no_router_and_no_link),
		cmocka_unit_test(links_are_listed_with_their_shape),
		cmocka_unit_test(one_link_is_shown_with_both_ends),
		cmocka_unit_test(one_link_tells_what_emulates_it_and_how_that_goes),
		cmocka_unit_test(links_change_shape_by_what_is_named),
		cmocka_unit_test(links_take_every_property_of_a_shape),
		cmocka_unit_test(links_change_state_and_weight),
		cmocka_unit_test(apply_sends_the_file_as_it_is_and_says_what_changed),
		cmocka_unit_test(reconcile_says_what_was_not_well),
		cmocka_unit_test(diff_and_dry_run_print_lines),
		cmocka_unit_test(a_file_that_cannot_be_sent_is_named),
		cmocka_unit_test(the_reason_of_a_refusal_is_passed_on),
		cmocka_unit_test(a_topology_is_shown_exported_and_deleted),
		cmocka_unit_test(validate_and_convert_need_no_daemon),
		cmocka_unit_test(a_daemon_that_is_not_there_is_told_with_the_way_to_start_it),
		cmocka_unit_test(the_bar_grows_with_what_is_done),
		cmocka_unit_test(an_interrupt_says_that_the_operation_goes_on),
	};

	fake.rows = rows;
	return cmocka_run_group_tests(tests, in_a_directory, out_of_the_directory);
}
