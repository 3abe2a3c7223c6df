// An ordinary librdkafka consumer: reads partition 0 from its start and checks that the offsets have no gap.
// Usage: consumer BROKERS TOPIC RECORDS [NAME=VALUE …]      (settings of librdkafka)
#include "common.h"

#include <librdkafka/rdkafka.h>

#define BATCH 10000

static void set(rd_kafka_conf_t *settings, const char *name, const char *value) {
    char words[512];
    if (rd_kafka_conf_set(settings, name, value, words, sizeof words)) fail("setting %s=%s: %s", name, value, words);
}

/// Waits until the library knows the topic's leader, so that the clock measures reading only.
static void await_topic(rd_kafka_t *client, rd_kafka_topic_t *topic) {
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, topic, &metadata, 30000);
    if (error) fail("metadata: %s", rd_kafka_err2str(error));
    if (metadata->topic_cnt != 1 || metadata->topics[0].partition_cnt < 1) fail("the topic has no partition");
    rd_kafka_metadata_destroy(metadata);
}

static size_t consume(rd_kafka_topic_t *topic, size_t records) {
    static rd_kafka_message_t *messages[BATCH];
    size_t seen = 0, bytes = 0;
    int64_t next = -1;
    uint64_t last_progress = now_nanoseconds();
    while (seen < records) {
        // A call returns early only when it has as many as were asked for.
        size_t wanted = records - seen < BATCH ? records - seen : BATCH;
        ssize_t got = rd_kafka_consume_batch(topic, 0, 1000, messages, wanted);
        if (got < 0) fail("consume: %s", rd_kafka_err2str(rd_kafka_last_error()));
        if (got > 0) last_progress = now_nanoseconds();
        if (now_nanoseconds() - last_progress > 30000000000u) fail("nothing for 30 s after %zu records", seen);
        for (ssize_t i = 0; i < got; i++) {
            rd_kafka_message_t *message = messages[i];
            if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
                fail("consume: %s", rd_kafka_message_errstr(message));
            }
            if (!message->err) {
                if (next >= 0 && message->offset != next) {
                    fail("offset %lld follows %lld", (long long)message->offset, (long long)next - 1);
                }
                next = message->offset + 1;
                seen++;
                bytes += message->len;
            }
            rd_kafka_message_destroy(message);
        }
    }
    return bytes;
}

int main(int count, char **arguments) {
    if (count < 4) fail("usage: consumer BROKERS TOPIC RECORDS [NAME=VALUE …]");
    size_t records = number_argument("RECORDS", arguments[3]);
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    set(settings, "bootstrap.servers", arguments[1]);
    for (int i = 4; i < count; i++) {
        char *equals = strchr(arguments[i], '=');
        if (!equals) fail("'%s' is not NAME=VALUE", arguments[i]);
        *equals = 0;
        set(settings, arguments[i], equals + 1);
    }
    char words[512];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, settings, words, sizeof words);
    if (!client) fail("consumer: %s", words);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, arguments[2], NULL);
    if (!topic) fail("bad topic name");
    await_topic(client, topic);
    uint64_t began = now_nanoseconds();
    if (rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_BEGINNING)) {
        fail("consume: %s", rd_kafka_err2str(rd_kafka_last_error()));
    }
    size_t bytes = consume(topic, records);
    double seconds = (double)(now_nanoseconds() - began) / 1e9;
    printf("{\"records\": %zu, \"seconds\": %.3f, \"records_per_s\": %.0f, \"mb_per_s\": %.1f}\n", records, seconds,
           (double)records / seconds, (double)bytes / seconds / 1e6);
    rd_kafka_consume_stop(topic, 0);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    return 0;
}
