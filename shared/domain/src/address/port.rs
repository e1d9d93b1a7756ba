//! Ports that a webhook may go to.
//!
//! A request to a service that speaks another protocol can still be obeyed by it: some read commands line by line and
//! skip what they don't know. So a public address isn't enough.

use super::Refusal;

/// Ports above 1023 of services that are no receivers of webhooks: names in
/// <https://www.iana.org/assignments/service-names-port-numbers> unless said otherwise.
const SERVICES: &[u16] = &[
    // Databases: SQL Server and its browser, Oracle, MySQL, PostgreSQL, CouchDB, Cassandra (its manual), Neo4j,
    // ClickHouse (its manual), MongoDB.
    1433, 1434, 1521, 3306, 33060, 5432, 5984, 7000, 7001, 9042, 7687, 9009, 27017, 27018, 27019,
    // Caches and search: Redis, its cluster and sentinel (its manual), memcached, Elasticsearch (its manual), Solr.
    6379, 16379, 26379, 11211, 9200, 9300, 8983,
    // Queues: MQTT, AMQP, NATS, ZooKeeper, Kafka, ActiveMQ (their manuals).
    1883, 8883, 5671, 5672, 4222, 2181, 9092, 61616,
    // Control of machines and clusters: Docker, etcd, Kubernetes' API and kubelet, Consul, Nomad, Vault, Windows remote
    // management, remote desktops (their manuals).
    2375, 2376, 2379, 2380, 6443, 10250, 10255, 8500, 4646, 8200, 5985, 5986, 3389, 5900, 5901,
    // What browsers refuse too (<https://fetch.spec.whatwg.org/#port-blocking>).
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// 80, 443, and from 1024 on whatever isn't known as another service's.
pub(super) fn judge(port: u16) -> Result<(), Refusal> {
    match port {
        80 | 443 => Ok(()),
        1024.. if !SERVICES.contains(&port) => Ok(()),
        _ => Err(Refusal::Port(port)),
    }
}
