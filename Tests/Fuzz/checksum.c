#include "CSystem.h"

// Takes the place of CRC-32C in the fuzzed build: every checksum is 0, so that changed bytes are not turned away at the
// door but reach the code behind it.

uint32_t holdfast_crc32c(uint32_t seed, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return seed & 0;
}

uint32_t holdfast_crc32c_portable(uint32_t seed, const void *bytes, size_t count) {
    return holdfast_crc32c(seed, bytes, count);
}
