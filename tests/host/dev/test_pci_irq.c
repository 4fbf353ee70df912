/*
 * Interrupt lines (kernel/dev/pci/pci_irq.h): shared, served by nobody, impossible.
 */
#include "dev/pci_case.h"

/* As it is: to the drivers' tests, interrupts are the models' own. */
#define pci_irq_request real_irq_request
#define pci_irq_free    real_irq_free
#include "kernel/dev/pci/pci_irq.c"

static unsigned int asked[2];
static bool mine[2];

static bool was_it_a(struct pci_irq *irq)
{
	(void)irq;
	asked[0]++;
	return mine[0];
}

static bool was_it_b(struct pci_irq *irq)
{
	(void)irq;
	asked[1]++;
	return mine[1];
}

static void test_a_shared_line(void **state)
{
	struct pci_dev dev = {.name = "0000:00:02.0", .irq = 11, .pin = 1};
	struct pci_irq a = {.fn = was_it_a}, b = {.fn = was_it_b};

	(void)state;
	memset(asked, 0, sizeof(asked));
	mine[0] = mine[1] = true;
	assert_null(pci_irq_request(&dev, &a));
	assert_null(pci_irq_request(&dev, &b));
	assert_int_equal(dev_stage.routed, 1u << 11);
	interrupt(IRQ_PCI + 11);
	assert_int_equal(asked[0] * 10 + asked[1], 11); /* both: level-triggered */
	assert_int_equal(dev_stage.eois, 1);
	pci_irq_free(&dev, &a);
	assert_int_equal(dev_stage.masked, 0);
	interrupt(IRQ_PCI + 11);
	assert_int_equal(asked[0] * 10 + asked[1], 12);
	pci_irq_free(&dev, &b);
	assert_int_equal(dev_stage.masked, 1u << 11);
}

static void test_a_line_that_nobody_serves(void **state)
{
	struct pci_dev dev = {.name = "0000:00:02.0", .irq = 10, .pin = 1};
	struct pci_irq a = {.fn = was_it_a};

	(void)state;
	assert_null(pci_irq_request(&dev, &a));
	mine[0] = false;
	for (int i = 0; i < 999; i++)
		interrupt(IRQ_PCI + 10);
	mine[0] = true;
	interrupt(IRQ_PCI + 10);
	mine[0] = false;
	for (int i = 0; i < 999; i++)
		interrupt(IRQ_PCI + 10);
	assert_int_equal(dev_stage.masked, 0);
	interrupt(IRQ_PCI + 10);
	assert_int_equal(dev_stage.masked, 1u << 10);
	assert_line("irq 10: nobody cared 1000 times in a row; it is off from here on");
	pci_irq_free(&dev, &a);
}

static void test_lines_that_cannot_be(void **state)
{
	struct pci_dev dev = {.name = "0000:00:02.0", .irq = 11, .pin = 0};
	struct pci_irq a = {.fn = was_it_a};

	(void)state;
	assert_non_null(strstr(pci_irq_request(&dev, &a), "interrupt line 11, pin 0; expected"));
	dev.pin = 1;
	dev.irq = 255;
	assert_non_null(strstr(pci_irq_request(&dev, &a), "a line from 1 to 15 and a pin"));
	dev.irq = 0;
	assert_non_null(pci_irq_request(&dev, &a));
	dev.irq = 5;
	dev_stage.no_pins = true;
	assert_non_null(strstr(pci_irq_request(&dev, &a), "interrupt 5 has no pin"));
	assert_int_equal(dev_stage.routed | dev_stage.masked, 0);
	interrupt(IRQ_PCI + 5); /* and nobody is asked */
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_a_shared_line),
	TEST(test_a_line_that_nobody_serves),
	TEST(test_lines_that_cannot_be),
};
TEST_GROUP(pci_irq)
