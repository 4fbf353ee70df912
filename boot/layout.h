/*
 * The virtual address space, in one place. Addresses follow Linux 4.8 on x86_64 where Linux has
 * the same region, so that pointers in a report look familiar. Usable from C and assembly.
 */
#ifndef BOOT_LAYOUT_H
#define BOOT_LAYOUT_H

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096

#define APP_BASE    0x0000000000400000 /* an app's own mappings and heap */
#define APP_END     0x0000008000000000 /* one top-level entry's worth: 512 GiB */
#define DIRECT_MAP  0xffff880000000000 /* all usable memory, never executable */
#define DIRECT_SIZE 0x0000400000000000 /* 64 TiB; the page array has room for as much */
#define IO_MAP      0xffffc90000000000 /* device registers and firmware tables */
#define STACK_MAP   0xffffc98000000000 /* task stacks, each above an unmapped guard page */
#define VMEMMAP     0xffffea0000000000 /* the page array */
#define KERNEL_BASE 0xffffffff80000000 /* the image, at its physical address + this */
#define APP_PRIVATE 0xffffffffc0000000 /* writable data of an app: private to each space */
#define KERNEL_PHYS 0x100000

#define BOOT_CS 0x08
#define BOOT_DS 0x10

#endif
