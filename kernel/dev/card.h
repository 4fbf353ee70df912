/*
 * The memory card (ivshmem-plain, §36): memory behind a BAR, a synchronous disk that never allocates and
 * never fails. Its name is "card".
 */
#ifndef DEV_CARD_H
#define DEV_CARD_H

#include "kernel/dev/pci/pci.h"

extern const struct pci_driver card_driver;

#endif
