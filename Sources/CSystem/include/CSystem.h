#ifndef HOLDFAST_CSYSTEM_H
#define HOLDFAST_CSYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include "system.h"

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `count` bytes, continuing from `seed` (0 to start).
/// Uses the SSE4.2 / ARMv8 instruction where the processor has it, a slicing table elsewhere.
uint32_t holdfast_crc32c(uint32_t seed, const void *bytes, size_t count);

/// The table-driven implementation, exported so that a test can compare the two.
uint32_t holdfast_crc32c_portable(uint32_t seed, const void *bytes, size_t count);

#endif
