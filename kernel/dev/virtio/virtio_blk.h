/*
 * Disks behind virtio-blk (§35.10, §34.6): vda, vdb, ...
 */
#ifndef DEV_VIRTIO_BLK_H
#define DEV_VIRTIO_BLK_H

#include "kernel/dev/pci/pci.h"

extern const struct pci_driver virtio_blk_driver;

#endif
