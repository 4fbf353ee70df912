/*
 * replay STATE [--arm A,B,...] [--report]: a state file's request (mm/replay/state.h) made again on the twin,
 * once in each arm, and once with each remedy without any patch. STATE may be "-".
 *
 * An arm is a PATCH with '+' for its commas, or a remedy: reserve-released, lists-drained, lowmem-waived.
 * Prints a line of JSON for each; --report: first the report of the machine that was shaped, as the console
 * has it. Exit code 0; 2: what was asked for cannot be read, with a line that says why.
 */
#include "twin.h"

#include "mm/page/patch.h"
#include "mm/show/show_mem.h"
#include "replay.h"

#define ARMS_DEFAULT                                                                               \
	"none,highatomic-exhaust,series,all,reserve-released,lists-drained,lowmem-waived"
#define ARMS_LEN 1024

static struct state state;

static void bad(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));

static void bad(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void read_state(const char *name)
{
	static char text[STATE_BYTES_MAX + 1];
	FILE *file = strcmp(name, "-") ? fopen(name, "rb") : stdin;
	char err[STATE_ERROR_LEN];
	size_t len;

	if (!file)
		bad("state: %s: cannot be opened", name);
	len = fread(text, 1, sizeof(text), file);
	if (ferror(file))
		bad("state: %s: cannot be read", name);
	fclose(file);
	if (!state_read(&state, text, len, err))
		bad("%s", err);
}

struct arm {
	char name[256];
	unsigned int patches;
	enum remedy_kind remedy;
};

static bool is_remedy(struct arm *arm)
{
	for (int i = REMEDY_NONE + 1; i < NR_REMEDIES; i++)
		if (!strcmp(arm->name, remedy_name[i])) {
			arm->remedy = i;
			return true;
		}
	return false;
}

static struct arm read_arm(const char *word)
{
	struct arm arm = {.patches = 0};
	char patch[sizeof(arm.name)];
	const char *expected;

	snprintf(arm.name, sizeof(arm.name), "%s", word);
	if (is_remedy(&arm))
		return arm;
	for (size_t i = 0; i < sizeof(patch); i++)
		patch[i] = arm.name[i] == '+' ? ',' : arm.name[i];
	expected = patch_parse(patch, &arm.patches);
	if (expected)
		bad("replay: arm %s; expected reserve-released, lists-drained, lowmem-waived, or "
		    "%s",
			arm.name, expected);
	return arm;
}

static void run_arm(const struct arm *arm)
{
	struct memory *m = replay_machine(&state, arm->patches);
	struct outcome o;
	struct line l;

	replay_ask(m, &state, arm->remedy, &o);
	puts(ask_json(&l, arm->name, &o));
}

static void print_report(void)
{
	struct memory *m = replay_machine(&state, 0);

	console_clear();
	show_mem(m);
	fputs(console(), stdout);
}

static void run_arms(const char *list, void (*fn)(const struct arm *arm))
{
	char words[ARMS_LEN];
	struct arm arm;

	if (strlen(list) >= sizeof(words))
		bad("replay: --arm has more than %d characters", ARMS_LEN - 1);
	strcpy(words, list);
	for (char *word = strtok(words, ","); word; word = strtok(NULL, ",")) {
		arm = read_arm(word);
		fn(&arm);
	}
}

static void ignore_arm(const struct arm *arm)
{
	(void)arm;
}

int main(int argc, char **argv)
{
	const char *name = NULL, *arms = ARMS_DEFAULT;
	bool report = false;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--report"))
			report = true;
		else if (!strcmp(argv[i], "--arm") && i + 1 < argc)
			arms = argv[++i];
		else if (!name && (argv[i][0] != '-' || !argv[i][1]))
			name = argv[i];
		else
			bad("replay: %s; expected STATE [--arm A,B,...] [--report]", argv[i]);
	}
	if (!name)
		bad("replay: no state; expected STATE [--arm A,B,...] [--report]");
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	twin_setup(NULL);
	run_arms(arms, ignore_arm); /* none is run if any cannot be read */
	read_state(name);
	if (report)
		print_report();
	run_arms(arms, run_arm);
	return 0;
}
