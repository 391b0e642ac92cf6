/*
 * router: key -> partition, exactly as Kafka's Java client (klog-format(5);
 * Kafka 4.x, BuiltInPartitioner.partitionForKey): murmur2 of the key, sign
 * bit masked, modulo the number of partitions.  Pure.
 *
 * librdkafka and kcat hash with CRC-32 by default, and so place a key
 * elsewhere, unless set to partitioner=murmur2_random.
 */
#ifndef KLOG_ROUTER_H
#define KLOG_ROUTER_H

#include <stddef.h>
#include <stdint.h>

/* Kafka's murmur2 (32 bit, its own seed) of n bytes. */
uint32_t router_hash(const void *key, size_t n);

/*
 * The partition, 0 .. partitions - 1, of a key of n bytes; partitions >= 1.
 * An empty key is a key.  A null key has no partition of its own: which one
 * it gets is the caller's choice.
 */
int32_t router_partition(const void *key, size_t n, int32_t partitions);

#endif
