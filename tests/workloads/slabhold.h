/*
 * Whoever holds what small requests of interrupts would be served from: objects of small kmalloc
 * caches, and pages of ZONE_DMA. Called by apps.
 */
#ifndef WORKLOADS_SLABHOLD_H
#define WORKLOADS_SLABHOLD_H

/*
 * Every object of up to 192 bytes that is to be had without a wait, without the reserves and without
 * kswapd being woken, so that the next one needs a new slab. How many.
 */
long slabhold_objects(void);
/*
 * Buffers of a device that reaches 16 MiB; the zone's lowmem_reserve is not kept from them. How many
 * pages.
 */
long slabhold_dma(long most);
/* All back. */
void slabhold_free(void);

#endif
