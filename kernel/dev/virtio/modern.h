/*
 * The modern transport's two halves: finding its registers (modern_find.c), using them (modern.c). Contexts
 * as virtio_ops.h says of those two.
 */
#ifndef DEV_VIRTIO_MODERN_H
#define DEV_VIRTIO_MODERN_H

#include "kernel/dev/virtio/virtio_ops.h"

#define COMMON_SIZE 56 /* bytes of the common registers */

bool modern_offered(const struct pci_dev *pci);
const char *modern_find(struct virtio_device *vdev);

#endif
