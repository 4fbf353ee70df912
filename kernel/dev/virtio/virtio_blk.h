/*
 * Disks behind virtio-blk (§35.10, §34.6): vda, vdb, ...
 */
#ifndef DEV_VIRTIO_BLK_H
#define DEV_VIRTIO_BLK_H

#include "kernel/dev/block/disk.h"
#include "kernel/dev/virtio/virtio.h"

extern const struct pci_driver virtio_blk_driver;

/* For scenarios: the device behind a disk, or NULL: the disk is no virtio-blk. Its first queue has requests. */
const struct virtio_device *virtio_blk_device(const struct disk *disk);

#endif
