/*
 * Areas: they come, and are full or not (see swap_area.h).
 */
#include "kernel/core/log/printk.h"
#include "kernel/core/rand.h"
#include "mm/alloc/page_alloc.h"
#include "mm/slab/kmalloc.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

/* §30b, last row: below 16 MB less is read ahead. 4.8 decides it once, when kswapd begins. */
static long default_page_cluster(const struct memory *m)
{
	return m->totalram_pages >> (20 - PAGE_SHIFT) < 16 ? 2 : 3;
}

void swap_init(struct memory *m)
{
	if (m->tunables.page_cluster < 0)
		m->tunables.page_cluster = default_page_cluster(m);
	list_init(&m->swap.available);
	list_init(&m->swap.mms);
	mutex_init(&m->swap.mutex, "swapon_mutex");
	spin_lock_init(&m->swap.mms_lock, "mmlist_lock");
	spin_lock_init(&m->swap.avail_lock, "swap_avail_lock");
	m->swap.hits = 4;
}

void swap_area_available(struct swap_area *a, bool on)
{
	struct swap_state *s = &a->memory->swap;
	struct swap_area *before;

	spin_lock(&s->avail_lock);
	if (on && !a->is_available) {
		list_for_each_entry(before, &s->available, available)
			if (before->prio < a->prio)
				break;
		list_add_tail(&a->available, &before->available); /* behind its equals */
	} else if (!on && a->is_available) {
		list_del(&a->available);
	}
	a->is_available = on;
	spin_unlock(&s->avail_lock);
}

/* Tables of one element a slot, in pages, since no block of pages need be that large. */
static void **new_table(struct memory *m, unsigned long bytes)
{
	unsigned long n = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
	void **table = kzalloc(m, (n + 1) * sizeof(*table), GFP_KERNEL);

	for (unsigned long i = 0; table && i < n; i++) {
		struct page *page = alloc_pages(m, GFP_KERNEL | __GFP_HIGHMEM | __GFP_ZERO, 0);

		if (page)
			table[i] = page_address(m, page);
		if (page)
			continue;
		while (i--)
			free_pages(m, virt_to_page(m, table[i]), 0);
		kfree(m, table);
		table = NULL;
	}
	return table;
}

static void free_table(struct memory *m, void **table)
{
	for (void **page = table; table && *page; page++)
		free_pages(m, virt_to_page(m, *page), 0);
	kfree(m, table);
}

void swap_area_free(struct swap_area *a)
{
	free_table(a->memory, (void **)a->map);
#ifdef LW_DEBUG
	free_table(a->memory, (void **)a->sum);
#endif
	kfree(a->memory, a->cluster);
	kfree(a->memory, a);
}

static bool make_tables(struct swap_area *a)
{
	a->map = (uint8_t **)new_table(a->memory, a->max);
#ifdef LW_DEBUG
	a->sum = (uint32_t **)new_table(a->memory, a->max * sizeof(**a->sum));
	if (!a->sum)
		return false;
#endif
	return a->map && (a->dev.rotational || swap_clusters_make(a));
}

/* Where the first search begins (§20.1). */
static uint32_t first_slot(const struct swap_area *a, uint64_t seed)
{
	struct rand rng;

	if (a->dev.rotational)
		return 1;
	rand_seed(&rng, seed);
	return 1 + rand_below(&rng, a->highest_bit);
}

static struct swap_area *new_area(
	struct memory *m, const struct swap_device *dev, unsigned long slots, uint64_t seed)
{
	struct swap_area *a = kzalloc(m, sizeof(*a), GFP_KERNEL);

	if (!a)
		return NULL;
	a->memory = m;
	a->dev = *dev;
	a->max = slots + 1;
	a->pages = slots;
	a->lowest_bit = 1;
	a->highest_bit = slots;
	a->cluster_next = first_slot(a, seed);
	if (!make_tables(a)) {
		swap_area_free(a);
		return NULL;
	}
	*swap_byte(a, 0) = SWAP_MAP_BAD;
	spin_lock_init(&a->lock, "swap_info");
	spin_lock_init(&a->tree_lock, "tree_lock");
	index_root_init(&a->tree, m, GFP_ATOMIC | __GFP_NOWARN);
	return a;
}

/* §20.1's line. */
static void announce(const struct swap_area *a)
{
	pr_info("Adding %uk swap on /dev/%s.  Priority:%d extents:1 across:%uk %s", a->pages * 4,
		a->dev.name, a->prio, a->pages * 4, a->cluster ? "SS" : "");
}

void swap_area_enter(struct swap_area *a, int prio)
{
	struct memory *m = a->memory;

	a->prio = prio == SWAP_PRIO_AUTO ? --m->swap.least_priority : prio;
	a->writable = true;
	m->swap.area[a->type] = a;
	m->total_swap_pages += a->pages;
	atomic_add(&m->swap.nr_swap_pages, a->pages);
	if (a->highest_bit)
		swap_area_available(a, true);
}

static unsigned int free_type(const struct memory *m)
{
	unsigned int type = 0;

	while (type < MAX_SWAP_AREAS && m->swap.area[type])
		type++;
	return type;
}

const char *swap_on(struct memory *m, const struct swap_device *dev, unsigned long slots, int prio,
	uint64_t seed)
{
	static char line[128];
	unsigned int type = free_type(m);
	struct swap_area *a;

	if (type == MAX_SWAP_AREAS)
		return "swap: there are 29 areas already; expected no more";
	if (slots < 1 || slots >= ~0u || slots + 1 > dev->pages) {
		ksnprintf(line, sizeof(line),
			"swap: %lu kB on /dev/%s; expected 4 to %lu, since it has %lu kB, 4 of "
			"them for "
			"the header",
			slots * 4, dev->name, (unsigned long)(dev->pages - 1) * 4,
			(unsigned long)dev->pages * 4);
		return line;
	}
	a = new_area(m, dev, slots, seed);
	if (!a) {
		ksnprintf(line, sizeof(line), "swap: no memory for the area on /dev/%s", dev->name);
		return line;
	}
	a->type = type;
	spin_lock(&a->lock);
	swap_area_enter(a, prio);
	spin_unlock(&a->lock);
	announce(a);
	return NULL;
}
