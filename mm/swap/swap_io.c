/*
 * Pages to their slots and back (§20.7, §20.10, §34.10).
 */
#include "kernel/core/log/printk.h"
#include "mm/lru/pagevec.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

#define SECTORS_OF_PAGE (PAGE_SIZE / 512)

/*
 * Debug builds: what is read is what was written, of each slot (nothing is ever lost). The sum is of the
 * time of writing: who writes to a page that is being written makes it dirty, and it is written again.
 */
#ifdef LW_DEBUG
static uint32_t sum_of(struct memory *m, const struct page *page)
{
	const uint64_t *word = page_address(m, page);
	uint64_t sum = 0;

	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15ull;
	return sum >> 32;
}

static uint32_t *kept_sum(const struct swap_area *a, unsigned long offset)
{
	return &a->sum[offset >> (PAGE_SHIFT - 2)][offset & (PAGE_SIZE / 4 - 1)];
}

static void keep_sum(const struct swap_area *a, const struct page *page)
{
	*kept_sum(a, swp_offset(page_swap_entry(page))) = sum_of(a->memory, page);
}

static void check_sum(const struct swap_area *a, const struct page *page)
{
	unsigned long offset = swp_offset(page_swap_entry(page));

	if (*kept_sum(a, offset) != sum_of(a->memory, page))
		panic("BUG: swap: slot %lu of /dev/%s is not what was written there", offset,
			a->dev.name);
}
#else
#define keep_sum(a, page)  ((void)(a))
#define check_sum(a, page) ((void)(a))
#endif

static struct swap_area *area_of(struct memory *m, const struct page *page)
{
	return m->swap.area[swp_type(page_swap_entry(page))];
}

static void say_error(const struct swap_area *a, const struct page *page, const char *what)
{
	pr_err("%s-error on swap-device (%u:%u:%lu)", what, a->dev.major, a->dev.minor,
		swp_offset(page_swap_entry(page)) * SECTORS_OF_PAGE);
}

/* §20.7: rotated while it is still being written, so that reclaim waits for it; not after an error. */
static void write_ended(struct memory *m, struct page *page, int error)
{
	if (error) {
		page_set(page, PG_ERROR | PG_DIRTY);
		say_error(area_of(m, page), page, "Write");
		page_clear(page, PG_RECLAIM);
	}
	if (page_clear(page, PG_RECLAIM))
		rotate_reclaimable_page(m, page);
	end_page_writeback(m, page);
}

static void read_ended(struct memory *m, struct page *page, int error)
{
	struct swap_area *a = area_of(m, page);

	if (error) {
		page_set(page, PG_ERROR);
		page_clear(page, PG_UPTODATE);
		say_error(a, page, "Read");
	} else {
		check_sum(a, page);
		page_set(page, PG_UPTODATE);
	}
	unlock_page(m, page);
}

void swap_io_end(struct memory *m, struct page *page, bool write, int error)
{
	if (write)
		write_ended(m, page, error);
	else
		read_ended(m, page, error);
}

static void submit(struct swap_area *a, struct page *page, bool write)
{
	mm_event_add(a->memory, write ? PSWPOUT : PSWPIN, 1);
	if (write) {
		set_page_writeback(a->memory, page);
		unlock_page(a->memory, page);
	}
	a->dev.ops->submit(&a->dev, swp_offset(page_swap_entry(page)), page, write);
}

/* Step 2: there and done; counted after it (§30c). An error ends here: such a device takes no bio. */
static int transfer_out(struct swap_area *a, struct page *page)
{
	struct memory *m = a->memory;
	int error;

	set_page_writeback(m, page);
	error = a->dev.ops->transfer(&a->dev, swp_offset(page_swap_entry(page)), page, true);
	write_ended(m, page, error);
	if (!error)
		mm_event_add(m, PSWPOUT, 1);
	unlock_page(m, page);
	return error;
}

int swap_writepage(struct memory *m, struct page *page)
{
	struct swap_area *a = area_of(m, page);

	if (try_to_free_swap(m, page)) {
		unlock_page(m, page);
		return 0;
	}
	keep_sum(a, page);
	if (a->dev.ops->transfer)
		return transfer_out(a, page);
	submit(a, page, true);
	return 0;
}

void swap_readpage(struct memory *m, struct page *page)
{
	struct swap_area *a = area_of(m, page);
	int error;

	BUG_ON(!page_has(page, PG_LOCKED) || page_has(page, PG_UPTODATE));
	if (!a->dev.ops->transfer) {
		submit(a, page, false);
		return;
	}
	error = a->dev.ops->transfer(&a->dev, swp_offset(page_swap_entry(page)), page, false);
	if (!error)
		mm_event_add(m, PSWPIN, 1);
	read_ended(m, page, error);
}
