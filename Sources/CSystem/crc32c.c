#include "CSystem.h"
#include <pthread.h>
#include <string.h>

// Reflected Castagnoli polynomial.
#define POLYNOMIAL 0x82f63b78u

// A long buffer is cut into three lanes so that three crc32 instructions are in flight at once (latency 3,
// throughput 1); the lanes are joined by multiplying by x^(8 * lane length) mod P, done with the tables below.
#define LANE 1024u

static uint32_t table[8][256];
static uint32_t shift_one_lane[4][256];
static uint32_t shift_two_lanes[4][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/// a * b mod P, bit-reflected.
static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
        if (a & bit) product ^= b;
        b = (b >> 1) ^ ((b & 1) ? POLYNOMIAL : 0);
    }
    return product;
}

/// x^(8 * count) mod P, bit-reflected.
static uint32_t power_of_bytes(size_t count) {
    uint32_t result = 0x80000000u, square = 0x00800000u;
    while (count) {
        if (count & 1) result = multiply(result, square);
        square = multiply(square, square);
        count >>= 1;
    }
    return result;
}

static void fill_shift(uint32_t shift[4][256], size_t count) {
    uint32_t factor = power_of_bytes(count);
    for (int lane = 0; lane < 4; lane++)
        for (uint32_t value = 0; value < 256; value++) shift[lane][value] = multiply(value << (8 * lane), factor);
}

static void fill_tables(void) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t crc = n;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? POLYNOMIAL : 0);
        table[0][n] = crc;
    }
    for (uint32_t n = 0; n < 256; n++)
        for (int k = 1; k < 8; k++) table[k][n] = (table[k - 1][n] >> 8) ^ table[0][table[k - 1][n] & 0xff];
    fill_shift(shift_one_lane, LANE);
    fill_shift(shift_two_lanes, 2 * LANE);
}

uint32_t holdfast_crc32c_portable(uint32_t seed, const void *bytes, size_t count) {
    pthread_once(&once, fill_tables);
    const uint8_t *p = bytes;
    uint32_t crc = ~seed;
    while (count >= 8) {
        uint32_t low, high;
        memcpy(&low, p, 4);
        memcpy(&high, p + 4, 4);
        low ^= crc;
        crc = table[7][low & 0xff] ^ table[6][(low >> 8) & 0xff] ^ table[5][(low >> 16) & 0xff] ^ table[4][low >> 24]
            ^ table[3][high & 0xff] ^ table[2][(high >> 8) & 0xff] ^ table[1][(high >> 16) & 0xff]
            ^ table[0][high >> 24];
        p += 8;
        count -= 8;
    }
    while (count--) crc = (crc >> 8) ^ table[0][(crc ^ *p++) & 0xff];
    return ~crc;
}

#if defined(__x86_64__)
#include <immintrin.h>
#define HARDWARE __attribute__((target("sse4.2")))
#define STEP64(crc, value) ((uint64_t)_mm_crc32_u64((crc), (value)))
#define STEP8(crc, value) _mm_crc32_u8((crc), (value))
static int has_hardware(void) { return __builtin_cpu_supports("sse4.2"); }
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define HARDWARE
#define STEP64(crc, value) ((uint64_t)__crc32cd((uint32_t)(crc), (value)))
#define STEP8(crc, value) __crc32cb((crc), (value))
static int has_hardware(void) { return 1; }
#endif

#ifdef HARDWARE
static uint32_t shift_by(uint32_t shift[4][256], uint32_t crc) {
    return shift[0][crc & 0xff] ^ shift[1][(crc >> 8) & 0xff] ^ shift[2][(crc >> 16) & 0xff] ^ shift[3][crc >> 24];
}

HARDWARE static uint32_t crc32c_hardware(uint32_t seed, const uint8_t *p, size_t count) {
    uint64_t crc = (uint32_t)~seed;
    while (count >= 3 * LANE) {
        uint64_t second = 0, third = 0;
        for (const uint8_t *end = p + LANE; p < end; p += 8) {
            uint64_t a, b, c;
            memcpy(&a, p, 8);
            memcpy(&b, p + LANE, 8);
            memcpy(&c, p + 2 * LANE, 8);
            crc = STEP64(crc, a);
            second = STEP64(second, b);
            third = STEP64(third, c);
        }
        crc = shift_by(shift_two_lanes, (uint32_t)crc) ^ shift_by(shift_one_lane, (uint32_t)second) ^ third;
        p += 2 * LANE;
        count -= 3 * LANE;
    }
    while (count >= 8) {
        uint64_t a;
        memcpy(&a, p, 8);
        crc = STEP64(crc, a);
        p += 8;
        count -= 8;
    }
    uint32_t tail = (uint32_t)crc;
    while (count--) tail = STEP8(tail, *p++);
    return ~tail;
}
#endif

uint32_t holdfast_crc32c(uint32_t seed, const void *bytes, size_t count) {
#ifdef HARDWARE
    if (has_hardware()) {
        pthread_once(&once, fill_tables);
        return crc32c_hardware(seed, bytes, count);
    }
#endif
    return holdfast_crc32c_portable(seed, bytes, count);
}
