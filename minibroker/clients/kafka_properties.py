"""The properties that librdkafka 2.16 knows, by its first name for each, as `kafka_config` reads
them (after CONFIGURATION.md, and as the library itself prints them).

A line of a table is: name, who has it (``P`` producers, ``C`` consumers, ``*`` both), kind, default
(``-``: not set), and the bounds of a number or the words of an enumeration.
"""

SIMULATED = """
client.id * str rdkafka
metadata.broker.list * str -
message.max.bytes * int 1000000 1000 1000000000
max.in.flight.requests.per.connection * int 1000000 1 1000000
socket.timeout.ms * int 60000 10 300000
allow.auto.create.topics * bool false
group.id C str -
group.instance.id C str -
partition.assignment.strategy C str range,roundrobin
session.timeout.ms C int 45000 1 3600000
heartbeat.interval.ms C int 3000 1 3600000
group.protocol C enum classic classic consumer
max.poll.interval.ms C int 300000 1 86400000
enable.auto.commit C bool true
auto.commit.interval.ms C int 5000 0 86400000
enable.auto.offset.store C bool true
isolation.level C enum read_committed read_uncommitted read_committed
enable.partition.eof C bool false
transactional.id P str -
transaction.timeout.ms P int 60000 1000 2147483647
enable.idempotence P bool false
queue.buffering.max.messages P int 100000 0 2147483647
queue.buffering.max.kbytes P int 1048576 1 2147483647
queue.buffering.max.ms P float 5 0 900000
message.send.max.retries P int 2147483647 0 2147483647
retry.backoff.ms * int 100 1 300000
retry.backoff.max.ms * int 1000 1 300000
batch.num.messages P int 10000 1 1000000
batch.size P int 1000000 1 2147483647
delivery.report.only.error P bool false
sticky.partitioning.linger.ms P int 10 0 900000
request.required.acks P int -1 -1 1000
request.timeout.ms P int 30000 1 900000
message.timeout.ms P int 300000 0 2147483647
partitioner P str consistent_random
auto.offset.reset C enum largest smallest earliest beginning largest latest end error
"""
"""What does here what it does for a real client."""

WHEN_GIVEN = frozenset({"topic.metadata.refresh.interval.ms"})
"""Those of the plain ones that do something as well, and cross only where they were given."""

PLAIN = """
message.copy.max.bytes * int 65535 0 1000000000
receive.message.max.bytes * int 100000000 1000 2147483647
metadata.recovery.strategy * enum rebootstrap none rebootstrap
metadata.recovery.rebootstrap.trigger.ms * int 300000 0 2147483647
topic.metadata.refresh.interval.ms * int 300000 -1 3600000
metadata.max.age.ms * int 900000 1 86400000
topic.metadata.refresh.fast.interval.ms * int 100 1 60000
topic.metadata.refresh.sparse * bool true
topic.metadata.propagation.max.ms * int 30000 0 3600000
socket.send.buffer.bytes * int 0 0 100000000
socket.receive.buffer.bytes * int 0 0 100000000
socket.keepalive.enable * bool false
socket.nagle.disable * bool true
socket.max.fails * int 1 0 1000000
broker.address.ttl * int 1000 0 86400000
broker.address.family * enum any any v4 v6
socket.connection.setup.timeout.ms * int 30000 1000 2147483647
connections.max.idle.ms * int 0 0 2147483647
reconnect.backoff.ms * int 100 0 3600000
reconnect.backoff.max.ms * int 10000 0 3600000
log_level * int 6 0 7
log.queue * bool false
log.thread.name * bool true
enable.random.seed * bool true
log.connection.close * bool true
api.version.request * bool true
api.version.request.timeout.ms * int 10000 1 300000
coordinator.query.interval.ms C int 600000 1 3600000
queued.min.messages C int 100000 1 10000000
queued.max.messages.kbytes C int 65536 1 2097151
fetch.wait.max.ms C int 500 0 300000
fetch.queue.backoff.ms C int 1000 0 300000
fetch.message.max.bytes C int 1048576 1 1000000000
fetch.max.bytes C int 52428800 0 2147483135
fetch.min.bytes C int 1 0 2147483647
fetch.error.backoff.ms C int 500 0 300000
check.crcs C bool false
client.rack * str -
queue.buffering.backpressure.threshold P int 1 1 1000000
compression.codec P enum none none gzip snappy lz4 zstd
client.dns.lookup * enum use_all_dns_ips use_all_dns_ips resolve_canonical_bootstrap_servers_only
enable.metrics.push * bool true
compression.level P int -1 -1 12
"""
"""What is checked and taken, and shows nowhere here."""

ALIASES = {
    "bootstrap.servers": "metadata.broker.list",
    "max.in.flight": "max.in.flight.requests.per.connection",
    "sasl.mechanism": "sasl.mechanisms",
    "sasl.oauthbearer.client.credentials.client.id": "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.credentials.client.secret": "sasl.oauthbearer.client.secret",
    "max.partition.fetch.bytes": "fetch.message.max.bytes",
    "linger.ms": "queue.buffering.max.ms",
    "retries": "message.send.max.retries",
    "compression.type": "compression.codec",
    "acks": "request.required.acks",
    "delivery.timeout.ms": "message.timeout.ms",
}
"""Second names."""

WORDS = {"request.required.acks": {"all": -1}}
"""Words that stand for numbers."""

NOT_HERE = """
builtin.features topic.blacklist debug error_cb throttle_cb stats_cb log_cb background_event_cb
socket_cb connect_cb closesocket_cb open_cb resolve_cb opaque default_topic_conf
broker.version.fallback ssl.cipher.suites ssl.curves.list ssl.sigalgs.list ssl.key.location
ssl.key.password ssl.key.pem ssl_key ssl.certificate.location ssl.certificate.pem ssl_certificate
ssl.ca.location https.ca.location https.ca.pem ssl.ca.pem ssl_ca ssl.ca.certificate.stores
ssl.crl.location ssl.keystore.location ssl.keystore.password ssl.providers ssl.engine.location
ssl.engine.id ssl_engine_callback_data ssl.certificate.verify_cb sasl.mechanisms
sasl.kerberos.service.name sasl.kerberos.principal sasl.kerberos.kinit.cmd sasl.kerberos.keytab
sasl.username sasl.password sasl.oauthbearer.config oauthbearer_token_refresh_cb
sasl.oauthbearer.client.id sasl.oauthbearer.client.secret sasl.oauthbearer.scope
sasl.oauthbearer.extensions sasl.oauthbearer.token.endpoint.url sasl.oauthbearer.sub.claim.name
sasl.oauthbearer.assertion.private.key.file sasl.oauthbearer.assertion.private.key.passphrase
sasl.oauthbearer.assertion.private.key.pem sasl.oauthbearer.assertion.file
sasl.oauthbearer.assertion.claim.aud sasl.oauthbearer.assertion.claim.iss
sasl.oauthbearer.assertion.claim.sub sasl.oauthbearer.assertion.jwt.template.file
plugin.library.paths interceptors group.protocol.type group.remote.assignor consume_cb rebalance_cb
offset_commit_cb share.acknowledgement.mode dr_cb dr_msg_cb partitioner_cb msg_order_cmp
offset.store.path
"""
"""What a real client has and these have not."""

OTHERWISE = {
    "topic.metadata.refresh.fast.cnt": "10",
    "socket.blocking.max.ms": "1000",
    "reconnect.backoff.jitter.ms": "0",
    "statistics.interval.ms": "0",
    "enabled_events": "0",
    "internal.termination.signal": "0",
    "api.version.fallback.ms": "0",
    "security.protocol": "plaintext",
    "enable.ssl.certificate.verification": "true",
    "ssl.endpoint.identification.algorithm": "https",
    "sasl.kerberos.min.time.before.relogin": "60000",
    "enable.sasl.oauthbearer.unsecure.jwt": "false",
    "sasl.oauthbearer.method": "default",
    "sasl.oauthbearer.grant.type": "client_credentials",
    "sasl.oauthbearer.assertion.algorithm": "rs256",
    "sasl.oauthbearer.assertion.claim.exp.seconds": "300",
    "sasl.oauthbearer.assertion.claim.jti.include": "false",
    "sasl.oauthbearer.assertion.claim.nbf.seconds": "60",
    "sasl.oauthbearer.metadata.authentication.type": "none",
    "offset.store.method": "broker",
    "max.poll.records": "500",
    "enable.gapless.guarantee": "false",
    "queuing.strategy": "fifo",
    "produce.offset.report": "false",
    "auto.commit.enable": "true",
    "offset.store.sync.interval.ms": "-1",
    "consume.callback.max.messages": "0",
}
"""What a real client can be given, and these only with the one value that holds here."""
