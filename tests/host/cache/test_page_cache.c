/*
 * Pages enter and leave the cache (§32.2 to §32.4, §32.7), and come back (§21).
 */
#include "cache/cache_case.h"

static struct page *add(unsigned long index)
{
	struct page *page = alloc_pages(m, disk.as.gfp, 0);

	assert_int_equal(add_to_page_cache_lru(&disk.as, page, index, GFP_KERNEL), 0);
	return page;
}

/* §32.3: whose references a new page has. */
static void test_32_4_a_new_page(void **state)
{
	struct page *page = add(7), *other;

	(void)state;
	assert_int_equal(page->refcount, 3); /* ours, the cache's, the pagevec's */
	assert_true(page_has(page, PG_LOCKED));
	assert_false(page_has(page, PG_ACTIVE | PG_LRU | PG_REFERENCED));
	assert_ptr_equal(page->mapping, &disk.as);
	assert_int_equal(page->index, 7);
	assert_int_equal(node_stat_exact(m, NR_FILE_PAGES), 1);
	other = alloc_pages(m, disk.as.gfp, 0);
	assert_int_equal(add_to_page_cache_lru(&disk.as, other, 7, GFP_KERNEL), -EEXIST);
	assert_int_equal(other->flags, 0);
	assert_int_equal(other->refcount, 1);
	page_put(m, other);
	lru_add_drain(m);
	assert_int_equal(page->refcount, 2);
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_FILE), 1);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_INACTIVE_FILE), 1);
	mapping_read_end(&disk.as, page, 0);
	page_put(m, page);
	file_finish();
}

/* §32.2: looked up it has a reference, and no mark. */
static void test_32_2_lookup(void **state)
{
	struct page *page;

	(void)state;
	bring(3, 1);
	page = find_get_page(&disk.as, 3);
	assert_int_equal(page->refcount, 3);
	assert_false(page_has(page, PG_REFERENCED));
	page_put(m, page);
	evict(3);
	assert_null(find_get_page(&disk.as, 3)); /* a shadow */
	assert_int_equal(disk.as.tree.shadows, 1);
	assert_int_equal(next_hole(&disk.as, 3, 5), 3);
	file_finish();
}

/* Step 14: who has one reference more keeps it; a dirty one stays as well. */
static void test_32_7_eviction(void **state)
{
	struct page *page;

	(void)state;
	bring(0, 2);
	page = find_get_page(&disk.as, 1);
	assert_true(trylock_page(page));
	assert_false(remove_from_page_cache(page, true)); /* the pagevec has it */
	lru_add_drain(m);
	page_set(page, PG_DIRTY);
	assert_false(remove_from_page_cache(page, true));
	page_clear(page, PG_DIRTY);
	assert_int_equal(m->node.lru.inactive_age, 0);
	assert_true(remove_from_page_cache(page, true));
	assert_false(remove_from_page_cache(page, true));
	assert_int_equal(page->refcount, 1);
	assert_null(page->mapping);
	assert_int_equal(node_stat_exact(m, NR_FILE_PAGES), 1);
	assert_int_equal(m->node.lru.inactive_age, 1);
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_FILE), 2); /* it is still on its list */
	unlock_page(m, page);
	page_put(m, page);
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_FILE), 1);
	file_finish();
}

/* §21.2: without a node there is no place for a shadow. */
static void test_21_2_alone_at_0(void **state)
{
	(void)state;
	bring(0, 1);
	evict(0);
	assert_int_equal(disk.as.tree.shadows, 0);
	assert_int_equal(m->node.lru.inactive_age, 1);
	bring(0, 1);
	assert_int_equal(node_stat_exact(m, WORKINGSET_REFAULT), 0);
	file_finish();
}

/* §30.8. */
static void refault(long active, bool activates)
{
	bring(5, 1);
	lru_add_drain(m);
	m->node.lru.inactive_age = 1000;
	evict(5);
	assert_ptr_equal(index_lookup(&disk.as.tree, 5), (void *)4006);
	m->node.lru.inactive_age += 300;
	node_stat_add(m, NR_ACTIVE_FILE, active);
	bring(5, 1);
	node_stat_add(m, NR_ACTIVE_FILE, -active);
	assert_int_equal(page_has(cached(5), PG_ACTIVE), activates);
	assert_int_equal(m->node.lru.inactive_age, 1301 + activates);
	assert_int_equal(node_stat_exact(m, WORKINGSET_REFAULT), 1);
	assert_int_equal(node_stat_exact(m, WORKINGSET_ACTIVATE), activates);
	file_finish();
}

static void test_30_8_activates(void **state)
{
	(void)state;
	refault(300, true);
}

static void test_30_8_too_far(void **state)
{
	(void)state;
	refault(299, false);
}

/* §21.5: nodes with nothing but shadows go when they are more than one for 16 pages. */
static void test_21_5_shadow_nodes(void **state)
{
	(void)state;
	bring(0, 320);
	for (unsigned int i = 0; i < 256; i++)
		evict(i);
	assert_int_equal(m->cache.nr_shadow_nodes, 4);
	assert_int_equal(shadow_nodes_freeable(m), 0); /* 64 pages: 4 */
	for (unsigned int i = 256; i < 300; i++)
		evict(i);
	assert_int_equal(m->cache.nr_shadow_nodes, 4);
	assert_int_equal(shadow_nodes_freeable(m), 3);
	bring(70, 1);
	assert_int_equal(m->cache.nr_shadow_nodes, 3);
	assert_valid(m);
	assert_true(shrink_slab(m, GFP_KERNEL, 1000, 1));
	/* Twice what it says, at most (§17.11): all three. */
	assert_int_equal(node_stat_exact(m, WORKINGSET_NODERECLAIM), 3);
	assert_int_equal(m->cache.nr_shadow_nodes, 0);
	assert_int_equal(disk.as.tree.shadows, 300 - 1 - 3 * 64);
	assert_valid(m);
	assert_int_equal(shadow_nodes_shrink(m, 5), 0);
	assert_int_equal(disk.as.tree.entries, 21);
	assert_valid(m);
	file_finish();
}

/* A tree that is busy is passed over. */
static void test_21_5_busy(void **state)
{
	unsigned long flags;

	(void)state;
	bring(64, 65);
	for (unsigned int i = 64; i < 128; i++)
		evict(i);
	flags = spin_lock_irqsave(&disk.as.tree_lock);
	assert_int_equal(shadow_nodes_shrink(m, 1), 0);
	spin_unlock_irqrestore(&disk.as.tree_lock, flags);
	assert_int_equal(shadow_nodes_shrink(m, 1), 1);
	file_finish();
}

/* §32.7: what is mapped, locked or looked at stays; what leaves so leaves no shadow. */
static void test_32_7_invalidate(void **state)
{
	struct page *held;

	(void)state;
	bring(0, 40);
	map_all(0);
	touch(5);
	assert_true(trylock_page(cached(20)));
	held = find_get_page(&disk.as, 21);
	assert_int_equal(invalidate_mapping_pages(&disk.as), 40 - 16 - 2);
	assert_int_equal(mapping_pages(&disk.as), 18);
	assert_int_equal(disk.as.tree.shadows, 0);
	lru_add_drain(m);
	/* What somebody only looks at is the next that reclaim takes; §16.4. */
	assert_ptr_equal(
		list_entry(m->node.lru.list[LRU_INACTIVE_FILE].prev, struct page, lru), held);
	assert_int_equal(m->event[PGROTATED], 1);
	unlock_page(m, cached(20));
	page_put(m, held);
	file_finish();
}

/* §32.6: pages that are being read are waited for. */
static void test_32_7_truncate(void **state)
{
	(void)state;
	disk.late = true;
	bring(10, 100);
	truncate_inode_pages(&disk.as);
	assert_int_equal(mapping_pages(&disk.as), 0);
	assert_false(disk.as.exiting);
	assert_int_equal(disk.nr_pending, 0);
	file_finish();
}

/* §32.4, §41.2 item 7: what the nodes are asked for with. */
static void test_40_6_masks(void **state)
{

	(void)state;
	assert_int_equal(disk.as.gfp, 0x24200ca);
	assert_int_equal(disk.as.gfp | __GFP_COLD | __GFP_NORETRY | __GFP_NOWARN, 0x24213ca);
	assert_int_equal(disk.as.gfp | __GFP_COLD, 0x24201ca);
	file_finish();
}

/* The check finds what is wrong. */
static void assert_wrong(const char *what)
{
	long pages = 0, mapped = 0;
	const char *err = cache_validate(m, &pages, &mapped);

	assert_non_null(err);
	assert_non_null(strstr(err, what));
}

static void test_validate(void **state)
{
	struct page *page;

	(void)state;
	bring(0, 4);
	page = cached(2);
	page->index = 9;
	assert_wrong("at 2 says that it is at 9");
	page->index = 2;
	page_set(page, PG_DIRTY);
	assert_wrong("at 2: flags");
	page_clear(page, PG_DIRTY);
	page->mapcount = 1;
	page->refcount = 1;
	assert_wrong("1 references, 1 mappings");
	page->refcount = 2;
	page->mapcount = 0;
	disk.as.size = 2;
	assert_wrong("something is at 3");
	disk.as.size = 1000;
	m->cache.nr_shadow_nodes++;
	assert_wrong("count of shadow nodes");
	m->cache.nr_shadow_nodes--;
	node_stat_inc(m, NR_FILE_PAGES);
	assert_non_null(
		strstr(mm_validate(m), "4 pages of files and objects, 0 mapped; counted 5, 0"));
	node_stat_dec(m, NR_FILE_PAGES);
	file_finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_32_4_a_new_page),
	TEST(test_32_2_lookup),
	TEST(test_32_7_eviction),
	TEST(test_21_2_alone_at_0),
	TEST(test_30_8_activates),
	TEST(test_30_8_too_far),
	TEST(test_21_5_shadow_nodes),
	TEST(test_21_5_busy),
	TEST(test_32_7_invalidate),
	TEST(test_32_7_truncate),
	TEST(test_40_6_masks),
	TEST(test_validate),
};

TEST_GROUP(page_cache)
