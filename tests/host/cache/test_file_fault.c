/*
 * Faults on mapped files (§32.5, §41.1, §41.2), and the life of such a map.
 */
#include "cache/cache_case.h"

#include "kernel/core/param.h"

static bool is_mapped(unsigned long page)
{
	return entry_at(page) & PTE_PRESENT;
}

static void assert_mapped(unsigned long first, unsigned long last)
{
	for (unsigned long i = 0; i < disk.as.size; i++)
		assert_int_equal(is_mapped(i), i >= first && i <= last);
	assert_int_equal(mm->file_rss, last - first + 1);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), last - first + 1);
	assert_valid(m);
}

/* The disk takes a while: the second pass finds the page, and those around it, in memory. */
static void test_32_5_a_cold_fault(void **state)
{
	(void)state;
	map_all(0);
	disk.late = true;
	assert_int_equal(touch(40), FAULT_OK);
	assert_log("(24,32)->48");
	assert_mapped(32, 47); /* 48 has the marker */
	assert_int_equal(m->event[PGFAULT], 2);
	assert_int_equal(m->event[PGMAJFAULT], 1);
	assert_int_equal(twin.sleeps, 1);
	assert_null(current->fault_page);
	assert_int_equal(entry_at(40) & ~PTE_ADDR, PTE_PRESENT | PTE_ACCESSED | PTE_NX);
	assert_int_equal(cached(40)->mapcount, 1);
	assert_int_equal(cached(48)->mapcount, 0);
	file_finish();
}

/* It is read at once: the first pass maps it, alone. */
static void test_32_5_a_synchronous_disk(void **state)
{
	(void)state;
	map_all(VM_EXEC);
	assert_int_equal(touch(40), FAULT_OK);
	assert_mapped(40, 40);
	assert_int_equal(m->event[PGFAULT], 1);
	assert_int_equal(entry_at(40) & PTE_NX, 0);
	file_finish();
}

/* Found in the cache: minor. */
static void test_32_5_a_cached_fault(void **state)
{
	(void)state;
	bring(0, 64);
	map_all(0);
	assert_int_equal(touch(20), FAULT_OK);
	assert_mapped(16, 31);
	assert_int_equal(m->event[PGMAJFAULT], 0);
	assert_int_equal(m->event[PGFAULT], 1);
	assert_log("");
	file_finish();
}

/* §41.1: a start that the VMA clips reaches into the next 64 KiB; its end clips as well. */
static void test_41_1_window(void **state)
{
	(void)state;
	bring(0, 100);
	assert_int_equal(mm_map_file(mm, AT(5), LEN(30), 0, disk.file, 10), AT(5));
	assert_int_equal(mm_fault(mm, AT(6), 0), FAULT_OK);
	for (unsigned int i = 5; i < 35; i++)
		assert_int_equal(is_mapped(i), i <= 20);
	assert_int_equal(mm_fault(mm, AT(33), 0), FAULT_OK);
	assert_true(is_mapped(34) && is_mapped(32) && !is_mapped(31));
	assert_ptr_equal(entry_page(m, entry_at(33)), cached(38));
	file_finish();
}

/* The last page of a table ends it. */
static void test_41_1_window_ends_with_the_table(void **state)
{
	(void)state;
	bring(0, 40);
	assert_int_equal(mm_map_file(mm, AT(503), LEN(40), 0, disk.file, 0), AT(503));
	assert_int_equal(mm_fault(mm, AT(503), 0), FAULT_OK);
	assert_true(is_mapped(511) && !is_mapped(512));
	file_finish();
}

/* The pages around are in two nodes of the file's tree. */
static void test_41_1_window_over_two_nodes(void **state)
{
	(void)state;
	bring(0, 100);
	assert_int_equal(mm_map_file(mm, AT(16), LEN(16), 0, disk.file, 60), AT(16));
	assert_int_equal(mm_fault(mm, AT(31), 0), FAULT_OK);
	for (unsigned int i = 16; i < 32; i++)
		assert_ptr_equal(entry_page(m, entry_at(i)), cached(60 + i - 16));
	assert_int_equal(mm->file_rss, 16);
	file_finish();
}

/* The only page of a file has no node; nor has it a table yet. */
static void test_32_5_the_only_page(void **state)
{
	(void)state;
	bring(0, 1);
	map_all(0);
	assert_int_equal(touch(40), FAULT_OK);
	assert_mapped(40, 40);
	assert_int_equal(touch(3), FAULT_OK); /* which reads what is around it */
	assert_true(is_mapped(0));
	file_finish();
}

/* Neither has the window's first page; and a table is made for the sixth. */
static void test_32_5_not_from_the_first_page_on(void **state)
{
	(void)state;
	bring(5, 5);
	map_all(0);
	assert_int_equal(touch(7), FAULT_OK);
	assert_mapped(5, 9);
	file_finish();
}

/* What is being read, or has failed, or has the marker, is left; what is mapped already pays back as well. */
static void test_32_5_what_is_around(void **state)
{
	(void)state;
	bring(0, 16);
	page_set(cached(3), PG_RECLAIM);
	page_clear(cached(4), PG_UPTODATE);
	assert_true(trylock_page(cached(5)));
	map_all(0);
	disk.file->ra.mmap_miss = 14;
	assert_int_equal(touch(8), FAULT_OK);
	assert_int_equal(mm->file_rss, 13);
	assert_false(is_mapped(3) || is_mapped(4) || is_mapped(5));
	assert_int_equal(disk.file->ra.mmap_miss, 1);
	unlock_page(m, cached(5));
	disk.file->ra.mmap_miss = 14;
	assert_int_equal(touch(5), FAULT_OK); /* 13 are mapped already */
	assert_int_equal(disk.file->ra.mmap_miss, 0);
	assert_int_equal(mm->file_rss, 14);
	page_set(cached(4), PG_UPTODATE);
	disk.file->ra.mmap_miss = 1;
	assert_int_equal(
		mm_fault(mm, AT(5), 0), FAULT_OK); /* and so is this one: nothing is done */
	assert_int_equal(disk.file->ra.mmap_miss, 1);
	assert_int_equal(mm->file_rss, 14);
	file_finish();
}

/* Where there is a table already; and once for a fault, be the page among those around or not. */
static void test_32_5_around_is_mapped_once(void **state)
{
	(void)state;
	bring(0, 8);
	bring(9, 55);
	map_all(0);
	assert_int_equal(touch(20), FAULT_OK);
	assert_int_equal(touch(40), FAULT_OK);
	assert_int_equal(m->event[PGFAULT], 2);
	disk.file->ra.mmap_miss = 101; /* from 100 on nothing around is read */
	assert_int_equal(touch(8), FAULT_OK);
	assert_int_equal(m->event[PGFAULT], 3);
	assert_int_equal(disk.file->ra.mmap_miss, 101 - 15 + 1);
	assert_int_equal(mm->file_rss, 48);
	file_finish();
}

/* §41.2: a table that was made ready goes again when nothing is mapped; and 4.8 asks for another. */
static void test_41_2_1_table(void **state)
{
	unsigned long asked;

	(void)state;
	map_all(0);
	assert_int_equal(mm_fault(mm, AT(2000), 0), FAULT_BAD_ADDRESS);
	disk.late = true;
	twin.on_sleep = NULL;
	asked = mm->nr_ptes;
	assert_true(down_read_trylock(&mm->mmap_sem));
	for (unsigned int i = 0; i < 2; i++) { /* nothing is in memory; all of it is being read */
		current->fault_page = NULL;
		assert_int_equal(handle_mm_fault(mm, find_vma(mm, AT(7)), AT(7), 0), FAULT_RETRY);
		assert_int_equal(mm->nr_ptes, asked);
		assert_null(pte_find(mm, AT(7)));
		assert_non_null(current->fault_page);
		if (!i)
			page_put(m, current->fault_page);
	}
	up_read(&mm->mmap_sem);
	end_reads();
	assert_int_equal(wait_for_fault_page(mm), 0);
	assert_int_equal(touch(7), FAULT_OK);
	assert_int_equal(mm->nr_ptes, asked + 1);
	file_finish();
}

/* Step 3, and what lies behind the last page that there is. */
static void test_32_5_beyond_the_end(void **state)
{
	(void)state;
	assert_int_equal(mm_map_file(mm, AT(0), LEN(20), 0, disk.file, 990), AT(0));
	assert_int_equal(mm_fault(mm, AT(9), 0), FAULT_OK);
	assert_int_equal(mm_fault(mm, AT(10), 0), FAULT_SIGBUS);
	assert_int_equal(mm->file_rss, 10); /* what is around it */
	file_finish();
}

/* Step 9: it could not be read ahead, so it is read alone; that fails as well, and then it does not. */
static void test_32_5_errors(void **state)
{
	(void)state;
	map_all(0);
	disk.bad = 40;
	disk.fails = 2;
	assert_int_equal(touch(40), FAULT_SIGBUS);
	assert_log("(24,32)->48 (40,1)");
	assert_int_equal(disk.file->ra.ra_pages, 8);
	assert_true(page_has(cached(40), PG_ERROR));
	disk.fails = 1;
	assert_int_equal(touch(40), FAULT_SIGBUS);
	assert_int_equal(disk.file->ra.ra_pages, 2);
	assert_int_equal(touch(40), FAULT_OK);
	assert_false(page_has(cached(40), PG_ERROR));
	file_finish();
}

/* The same of a disk that takes a while. */
static void test_32_5_late_errors(void **state)
{
	(void)state;
	map_all(0);
	disk.late = true;
	disk.bad = 40;
	disk.fails = 2;
	assert_int_equal(touch(40), FAULT_SIGBUS);
	assert_int_equal(touch(40), FAULT_OK);
	file_finish();
}

static void be_killed(void)
{
	current->kill_pending = true;
}

/* Who is killed while it waits gets nothing; the kernel's own access has failed. */
static void test_32_5_killed(void **state)
{
	(void)state;
	map_all(0);
	disk.late = true;
	twin.on_sleep = be_killed;
	assert_int_equal(mm_fault(mm, AT(1), FAULT_KERNEL), FAULT_BAD_ADDRESS);
	assert_int_equal(mm_fault(mm, AT(2), 0), FAULT_OK);
	assert_int_equal(entry_at(2), 0);
	assert_null(current->fault_page);
	current->kill_pending = false;
	down_write(&mm->mmap_sem); /* nobody has it */
	up_write(&mm->mmap_sem);
	file_finish();
}

/* A write to a file is refused wherever it is asked for. */
static void test_writes_are_refused(void **state)
{
	(void)state;
	assert_int_equal(mm_map_file(mm, AT(0), LEN(4), VM_WRITE, disk.file, 0), 0);
	map_all(0);
	assert_int_equal(mm_fault(mm, AT(1), FAULT_WRITE), FAULT_BAD_ADDRESS);
	assert_int_equal(mm_protect(mm, AT(0), LEN(4), true), -1);
	assert_int_equal(mm_protect(mm, AT(0), LEN(4), false), 0);
	assert_int_equal(touch(1), FAULT_OK);
	assert_int_equal(entry_at(1) & PTE_WRITE, 0);
	file_finish();
}

/* §32.7, §28.1: the cache keeps its pages; what was used is marked, and the second time active. */
static void test_32_7_munmap(void **state)
{
	(void)state;
	bring(0, 16);
	map_all(0);
	touch(1);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(8)), 0);
	assert_int_equal(mm->file_rss, 8);
	assert_int_equal(mm_unmap(mm, AT(8), LEN(992)), 0);
	assert_int_equal(mm->file_rss, 0);
	assert_true(page_has(cached(1), PG_REFERENCED));
	assert_int_equal(node_stat_exact(m, NR_FILE_PAGES), 16);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), 0);
	map_all(0);
	touch(1);
	mm_unmap(mm, AT(0), LEN(1000));
	lru_add_drain(m);
	assert_true(page_has(cached(1), PG_ACTIVE));
	assert_int_equal(m->node.lru.inactive_age, 16);
	assert_int_equal(node_stat_exact(m, NR_ACTIVE_FILE), 16);
	map_all(VM_SEQ_READ);
	bring(100, 1);
	touch(100);
	mm_unmap(mm, AT(0), LEN(1000));
	assert_false(page_has(cached(100), PG_REFERENCED)); /* nothing is used twice */
	file_finish();
}

/* Pieces of a VMA show parts of one file, and become one again. */
static void test_pieces(void **state)
{
	(void)state;
	bring(0, 64);
	map_all(0);
	assert_int_equal(mm_mlock(mm, AT(8), LEN(4)), 0);
	assert_int_equal(find_vma(mm, AT(9))->offset, 8);
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), 4);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 4);
	assert_int_equal(disk.file->refs.n, 4);
	assert_int_equal(touch(30), FAULT_OK);
	assert_ptr_equal(entry_page(m, entry_at(30)), cached(30));
	assert_int_equal(mm_munlock(mm, AT(8), LEN(4)), 0);
	assert_int_equal(disk.file->refs.n, 2);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 0);
	file_finish();
}

/* mlock() reads what is not there, and waits for it without mmap_sem. */
static void test_27_mlock_reads(void **state)
{
	(void)state;
	map_all(0);
	disk.late = true;
	assert_int_equal(mm_mlock(mm, AT(0), LEN(70)), 0);
	for (unsigned int i = 0; i < 70; i++)
		assert_true(page_has(cached(i), PG_MLOCKED));
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 70);
	mm_unmap(mm, AT(0), LEN(1000));
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 0);
	file_finish();
}

/* The n-th request is refused: the fault fails, or is served some other way, and nothing is lost. */
static void test_any_request_is_refused(void **state)
{
	char parameter[64];
	unsigned int n = 1, refused = 0;

	(void)state;
	file_finish();
	do {
		enum fault_result result = FAULT_OOM;

		snprintf(parameter, sizeof(parameter), "fail_nth=%u", n);
		file_start_with(parameter);
		m->fail.on = true;
		disk.file = file_open(&disk.as);
		if (disk.file && mm_map_file(mm, AT(0), LEN(1000), 0, disk.file, 0))
			result = mm_fault(mm, AT(500), 0);
		m->fail.on = false;
		refused += m->event[FAULTS_INJECTED];
		assert_true(result == FAULT_OK || m->event[FAULTS_INJECTED]);
		assert_valid(m);
		if (!disk.file)
			disk.file = file_open(&disk.as);
		file_finish();
	} while (m->event[FAULTS_INJECTED] && n++);
	assert_true(refused > 30);
	console_clear();
}

static const struct CMUnitTest tests[] = {
	TEST(test_32_5_a_cold_fault),
	TEST(test_32_5_a_synchronous_disk),
	TEST(test_32_5_a_cached_fault),
	TEST(test_41_1_window),
	TEST(test_41_1_window_ends_with_the_table),
	TEST(test_41_1_window_over_two_nodes),
	TEST(test_32_5_the_only_page),
	TEST(test_32_5_not_from_the_first_page_on),
	TEST(test_32_5_what_is_around),
	TEST(test_32_5_around_is_mapped_once),
	TEST(test_41_2_1_table),
	TEST(test_32_5_beyond_the_end),
	TEST(test_32_5_errors),
	TEST(test_32_5_late_errors),
	TEST(test_32_5_killed),
	TEST(test_writes_are_refused),
	TEST(test_32_7_munmap),
	TEST(test_pieces),
	TEST(test_27_mlock_reads),
	TEST(test_any_request_is_refused),
};

TEST_GROUP(file_fault)
