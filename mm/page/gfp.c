/*
 * Decoding of allocation masks (see gfp.h).
 */
#include "mm/page/gfp.h"
#include "kernel/core/log/printk.h"

const char *const migratetype_name[MIGRATE_TYPES] = {
	"Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate"};
const char migratetype_letter[MIGRATE_TYPES] = {'U', 'M', 'E', 'H', 'C', 'I'};

const signed char gfp_zone_table[16] = {
	[0x0] = ZONE_NORMAL,
	[0x1] = ZONE_DMA,
	[0x2] = ZONE_NORMAL,
	[0x3] = -1,
	[0x4] = ZONE_DMA32,
	[0x5] = -1,
	[0x6] = -1,
	[0x7] = -1,
	[0x8] = ZONE_NORMAL,
	[0x9] = ZONE_DMA,
	[0xa] = ZONE_MOVABLE,
	[0xb] = -1,
	[0xc] = ZONE_DMA32,
	[0xd] = -1,
	[0xe] = -1,
	[0xf] = -1,
};

/* In the order of §1.3: an earlier entry wins. */
static const struct {
	gfp_t mask;
	const char *name;
} gfp_names[] = {
#define N(x)                                                                                       \
	{                                                                                          \
		x, #x                                                                              \
	}
	N(GFP_TRANSHUGE),
	N(GFP_TRANSHUGE_LIGHT),
	N(GFP_HIGHUSER_MOVABLE),
	N(GFP_HIGHUSER),
	N(GFP_USER),
	N(GFP_TEMPORARY),
	N(GFP_KERNEL_ACCOUNT),
	N(GFP_KERNEL),
	N(GFP_NOFS),
	N(GFP_ATOMIC),
	N(GFP_NOIO),
	N(GFP_NOWAIT),
	N(GFP_DMA),
	N(__GFP_HIGHMEM),
	N(GFP_DMA32),
	N(__GFP_HIGH),
	N(__GFP_ATOMIC),
	N(__GFP_IO),
	N(__GFP_FS),
	N(__GFP_COLD),
	N(__GFP_NOWARN),
	N(__GFP_REPEAT),
	N(__GFP_NOFAIL),
	N(__GFP_NORETRY),
	N(__GFP_COMP),
	N(__GFP_ZERO),
	N(__GFP_NOMEMALLOC),
	N(__GFP_MEMALLOC),
	N(__GFP_HARDWALL),
	N(__GFP_THISNODE),
	N(__GFP_RECLAIMABLE),
	N(__GFP_MOVABLE),
	N(__GFP_ACCOUNT),
	N(__GFP_NOTRACK),
	N(__GFP_WRITE),
	N(__GFP_RECLAIM),
	N(__GFP_DIRECT_RECLAIM),
	N(__GFP_KSWAPD_RECLAIM),
	N(__GFP_OTHER_NODE),
#undef N
};

const char *gfp_text(gfp_t gfp, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(gfp_names) && gfp && n < size; i++) {
		if ((gfp & gfp_names[i].mask) != gfp_names[i].mask)
			continue;
		gfp &= ~gfp_names[i].mask;
		n += ksnprintf(buf + n, size - n, "%s%s", gfp_names[i].name, gfp ? "|" : "");
	}
	if (gfp && n < size)
		ksnprintf(buf + n, size - n, "%#x", gfp);
	return buf;
}
