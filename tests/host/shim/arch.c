/*
 * The twin's CPUs: plain variables, set back before each test.
 */
#include "twin.h"

HOST_PER_THREAD struct host_arch host_arch;
struct cpu cpus[MAX_CPUS];
unsigned int nr_cpus;
const struct host_device *host_device;

void preempt_count_inc(void)
{
	host_arch.cpu->preempt_off++;
}

void preempt_count_dec(void)
{
	host_arch.cpu->preempt_off--;
}

unsigned int preempt_count(void)
{
	return host_arch.cpu->preempt_off;
}

unsigned int irq_depth(void)
{
	return host_arch.cpu->irq_depth;
}

void cpus_reset(void)
{
	memset(&host_arch, 0, sizeof(host_arch));
	memset(cpus, 0, sizeof(cpus));
	for (unsigned int i = 0; i < MAX_CPUS; i++) {
		cpus[i].self = &cpus[i];
		cpus[i].id = i;
		cpus[i].online = true;
	}
	nr_cpus = 1;
	host_device = NULL;
	become_cpu(0);
	host_arch.irqs = true;
}

void become_cpu(unsigned int id)
{
	host_arch.cpu = &cpus[id];
	host_arch.cpu_id = id;
}
