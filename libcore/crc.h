/*
 * crc: CRC-32C (Castagnoli), as Kafka's batches carry it.
 * crc32c("123456789", 9) is 0xE3069283.  ISA-L does the work.
 */
#ifndef KLOG_CRC_H
#define KLOG_CRC_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *data, size_t n);

#endif
