/*
 * The nearest name (see nearest.h).
 */
#include <string.h>

#include "kernel/core/nearest.h"

/*
 * How many characters to change, leave out, put in, or swap with their neighbour. Row i of the table holds
 * the distances of a's first i characters from all beginnings of b; three rows are enough.
 */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int rows[3][NEAREST_LEN], nb = MIN(strlen(b), NEAREST_LEN - 1ul), i;

	for (unsigned int j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (i = 1; a[i - 1]; i++) {
		unsigned int *row = rows[i % 3], *last = rows[(i - 1) % 3];

		row[0] = i;
		for (unsigned int j = 1; j <= nb; j++) {
			row[j] = MIN(
				MIN(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[(i - 1) % 3][nb];
}

void nearest_init(struct nearest *n, const char *want)
{
	n->want = want;
	n->name[0] = '\0';
	n->distance = ~0u;
}

bool nearest_offer(struct nearest *n, const char *name)
{
	unsigned int d = distance(n->want, name);

	if (d >= n->distance || 2 * d >= MAX(strlen(n->want), strlen(name)))
		return false;
	n->distance = d;
	strncpy(n->name, name, NEAREST_LEN - 1);
	n->name[NEAREST_LEN - 1] = '\0';
	return true;
}
