/*
 * The page allocator and slabs under libFuzzer: each input is the life of a machine (play.h). A corpus
 * folder that holds nothing gets a few lives to begin with. PLAY_TRACE=1 tells each life in words.
 */
#include <dirent.h>

#include "kernel/core/rand.h"
#include "play.h"

#define SEEDS     32
#define SEED_SIZE 256

const char *__asan_default_options(void);
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* binutils are there, LLVM's own symbolizer need not be. */
const char *__asan_default_options(void)
{
	return "external_symbolizer_path=/usr/bin/addr2line";
}

static bool holds_files(const char *folder)
{
	DIR *dir = opendir(folder);
	bool found = false;
	struct dirent *entry;

	if (!dir)
		return true; /* libFuzzer will say it */
	while ((entry = readdir(dir)))
		found = found || entry->d_name[0] != '.';
	closedir(dir);
	return found;
}

static void write_seed(const char *folder, unsigned int n)
{
	struct rand r;
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/seed-%02u", folder, n);
	file = fopen(path, "wb");
	if (!file)
		return;
	rand_seed(&r, n);
	for (unsigned int i = 0; i < PLAY_HEADER + SEED_SIZE; i++)
		fputc(rand_below(&r, 256), file);
	fclose(file);
}

/* A panic or a failed check must end in abort(): cmocka would only leave. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	play_trace = getenv("PLAY_TRACE");
	for (int i = 1; i < *argc; i++) {
		if ((*argv)[i][0] == '-' || holds_files((*argv)[i]))
			continue;
		for (unsigned int n = 0; n < SEEDS; n++)
			write_seed((*argv)[i], n);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	play(data, size);
	return 0;
}
