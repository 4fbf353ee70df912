/*
 * State files as tests write them, and machines of them.
 */
#ifndef HOST_REPLAY_CASE_H
#define HOST_REPLAY_CASE_H

#include "twin.h"

#include "host_machine.h"
#include "replay.h"

static struct state state;
static char error[STATE_ERROR_LEN];

#define HEAD  "lowwater-state 1\n"
#define ASKED "request order=0 gfp=0x24280ca comm=app\n"
#define ZONE  "zone DMA32 managed=20000 min=10 low=20 high=30\n"

static inline void read_good(const char *text)
{
	if (!state_read(&state, text, strlen(text), error))
		fail_msg("%s", error);
}

static inline void read_bad(const char *text, const char *says)
{
	if (state_read(&state, text, strlen(text), error))
		fail_msg("read, and should not be:\n%s", text);
	if (strcmp(error, says))
		fail_msg("of:\n%s\nit says: %s\nexpected: %s", text, error, says);
}

static inline void read_file(const char *name)
{
	static char text[8192];
	char path[128];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "tests/host/replay/%s.state", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	read_good(text);
}

#endif
