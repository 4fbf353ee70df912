/*
 * Boot order, on one screen. Called by boot/entry.S on the boot stack, interrupts off.
 */
#include <string.h>

#include "boot/bootinfo.h"
#include "boot/paging.h"
#include "kernel/core/boot_file.h"
#include "kernel/core/cpu/acpi.h"
#include "kernel/core/cpu/device_place.h"
#include "kernel/core/cpu/dmi.h"
#include "kernel/core/log/event.h"
#include "kernel/core/time/hpet.h"
#include "kernel/core/cpu/ioapic.h"
#include "kernel/core/machine.h"
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/alarm.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/log/screen.h"
#include "kernel/core/log/serial.h"
#include "kernel/core/sched/smp.h"
#include "kernel/core/sched/still.h"
#include "kernel/core/sched/tick.h"
#include "kernel/core/guard/power_button.h"
#include "kernel/core/guard/sysrq.h"
#include "kernel/core/time/time.h"
#include "kernel/core/time/timer.h"
#include "kernel/core/sched/turn.h"
#include "kernel/core/guard/watchdog.h"
#include "kernel/dev/devices.h"
#include "kernel/fs/root.h"
#include "kernel/task/app.h"
#include "kernel/task/cpus.h"
#include "kernel/task/index_grace.h"
#include "kernel/task/moom.h"
#include "kernel/task/scenario.h"
#include "mm/setup/mm_boot.h"
#include "mm/oom/oom_reaper.h"
#include "mm/reclaim/kswapd.h"

#define EARLY_MAPPED (1ull << 30) /* boot/entry.S maps the first GiB */

extern char _kernel_end[];

static struct boot_info boot_info;
static char command_line[BOOT_CMDLINE_LEN]; /* parsing takes the original apart */
static struct task boot_task;               /* becomes the idle task */

/* What a loader puts into the image's own memory would change while it is read. */
static const void *early_phys(uint64_t addr, uint64_t len)
{
	uint64_t image_end = (uint64_t)_kernel_end - KERNEL_BASE;
	bool in_image = addr < image_end && addr + len > KERNEL_PHYS;

	if (!addr || addr + len > EARLY_MAPPED || in_image)
		return NULL;
	return (const void *)(KERNEL_BASE + addr);
}

static void need(const char *error)
{
	if (error)
		machine_refuse("machine: %s", error);
}

static void print_map(const struct boot_info *info)
{
	pr_info("Lowwater %s, Multiboot %d", UTS_RELEASE, info->multiboot);
	pr_info("Command line: %s", command_line);
	for (unsigned int i = 0; i < info->nr_ranges; i++)
		pr_info("BIOS-e820: [mem 0x%016lx-0x%016lx] %s", info->range[i].start,
			info->range[i].end - 1, info->range[i].type == 1 ? "usable" : "reserved");
}

static void start_devices(void)
{
	devices_start();
	root_start();
}

static void stop_devices(void)
{
	root_stop();
	devices_stop();
}

/* Devices may sleep for their memory. */
static void first_task(void *unused)
{
	(void)unused;
	scenario_run(start_devices, stop_devices);
}

void boot_main(uint32_t magic, uint32_t info_addr)
{
	cpu_init(&cpus[0], 0, NULL);
	serial_init();
	screen_init();
	event_init();
	need(boot_info_read(&boot_info, magic, info_addr, early_phys));
	mm_check_map(&boot_info);
	need(paging_init(&boot_info));
	need(boot_file_init(&boot_info));
	screen_map();
	need(acpi_init(&acpi_info));
	need(device_places_check(&acpi_info, &boot_info, cpu_phys_bits()));
	need(hpet_init(acpi_info.hpet));
	need(ioapic_init(&acpi_info.madt));
	need(smp_count_cpus());
	dmi_init();
	strcpy(command_line, boot_info.cmdline);
	scenarios_register_knobs();
	params_parse(boot_info.cmdline);
	mm_tunables.fail_page_alloc.seed = workload_seed;
	mm_tunables.failslab.seed = workload_seed;
	screen_settle();
	sched_points_init();
	print_map(&boot_info);
	mm_boot(&boot_info);
	sched_init(&boot_task);
	timers_init();
	index_grace_init();
	alarms_init();
	still_init();
	task_boot();
	moom_init();
	watchdog_start();
	tick_start();
	sysrq_start();
	power_button_start();
	need(start_cpus());
	start_workers();
	need(kswapd_start(&system_memory, daemon_spawn));
	oom_reaper_start(&system_memory, daemon_spawn);
	sched_run_started(); /* tasks that wait here must not bar the scenario from this CPU */
	if (!kthread_spawn("scenario", first_task, NULL))
		machine_refuse("machine: no memory for the first task");
	sched_idle_loop();
}
