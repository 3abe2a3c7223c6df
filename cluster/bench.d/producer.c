// An ordinary librdkafka producer: one partition, acks=all, linger.ms=5, everything else as the library sets it.
// The clock runs from the first record handed to the library to the last acknowledgement of the broker.
// Usage: producer BROKERS TOPIC RECORDS BYTES [NAME=VALUE …]      (settings of librdkafka)
#include "common.h"

#include <librdkafka/rdkafka.h>

static size_t acknowledged, refused;

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client, (void)opaque;
    if (message->err) {
        if (refused++ == 0) fprintf(stderr, "not delivered: %s\n", rd_kafka_err2str(message->err));
    } else {
        acknowledged++;
    }
}

static void set(rd_kafka_conf_t *settings, const char *name, const char *value) {
    char words[512];
    if (rd_kafka_conf_set(settings, name, value, words, sizeof words)) fail("setting %s=%s: %s", name, value, words);
}

static void produce(rd_kafka_t *client, rd_kafka_topic_t *topic, size_t records, uint8_t *value, size_t size) {
    for (size_t i = 0; i < records; i++) {
        memcpy(value, &i, size < sizeof i ? size : sizeof i);
        while (rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, value, size, NULL, 0, NULL)) {
            rd_kafka_resp_err_t error = rd_kafka_last_error();
            if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("produce: %s", rd_kafka_err2str(error));
            rd_kafka_poll(client, 10);
        }
        if ((i & 1023) == 0) rd_kafka_poll(client, 0);
    }
    if (rd_kafka_flush(client, 300000)) fail("not everything was acknowledged within 300 s");
}

int main(int count, char **arguments) {
    if (count < 5) fail("usage: producer BROKERS TOPIC RECORDS BYTES [NAME=VALUE …]");
    size_t records = number_argument("RECORDS", arguments[3]), size = number_argument("BYTES", arguments[4]);
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    set(settings, "bootstrap.servers", arguments[1]);
    set(settings, "acks", "all");
    set(settings, "linger.ms", "5");
    for (int i = 5; i < count; i++) {
        char *equals = strchr(arguments[i], '=');
        if (!equals) fail("'%s' is not NAME=VALUE", arguments[i]);
        *equals = 0;
        set(settings, arguments[i], equals + 1);
    }
    rd_kafka_conf_set_dr_msg_cb(settings, on_delivery);
    char words[512];
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, words, sizeof words);
    if (!client) fail("producer: %s", words);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, arguments[2], NULL);
    uint8_t *value = malloc(size);
    if (!topic || !value) fail("no memory, or a bad topic name");
    for (size_t i = 0; i < size; i++) value[i] = (uint8_t)('a' + i % 26);
    // Connections and metadata are there before the clock starts.
    produce(client, topic, 1, value, size);
    acknowledged = 0;
    uint64_t began = now_nanoseconds();
    produce(client, topic, records, value, size);
    double seconds = (double)(now_nanoseconds() - began) / 1e9;
    if (refused || acknowledged != records) fail("%zu of %zu records acknowledged", acknowledged, records);
    printf("{\"records\": %zu, \"bytes\": %zu, \"seconds\": %.3f, \"records_per_s\": %.0f, \"mb_per_s\": %.1f}\n",
           records, size, seconds, (double)records / seconds, (double)(records * size) / seconds / 1e6);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    free(value);
    return 0;
}
